// Making and finding the page's elements. Text is always text: nothing here parses HTML.

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | boolean | ((event: Event) => void)>>;

/** `true` sets an attribute without value, `false` leaves it out, a function listens to the event of that name. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The element of index.html with this id. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/** A button that does one thing at a time. */
export function button(
  label: string,
  act: () => void | Promise<void>,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = make('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', async () => {
    made.disabled = true;
    try {
      await act();
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

/** An id to be read and copied: shortened for the eye, whole for everything else. */
export function identifier(text: string, what: string): HTMLElement {
  const copied = make('span', { class: 'quiet', role: 'status' });
  return make(
    'span',
    { class: 'identifier' },
    make('code', { title: text }, text),
    button(
      'Copy',
      async () => {
        await navigator.clipboard.writeText(text);
        copied.textContent = 'copied';
      },
      { class: 'small', 'aria-label': `Copy the ${what}` },
    ),
    copied,
  );
}

/** Asks before something that cannot be undone. */
export function confirmed(question: string, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const dialog = make(
      'dialog',
      { 'aria-label': question },
      make('p', {}, question),
      make(
        'form',
        { method: 'dialog', class: 'row' },
        make('button', { value: 'no', autofocus: true }, 'Cancel'),
        make('button', { value: 'yes', class: 'danger' }, yes),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
