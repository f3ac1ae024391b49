// The keys: made here or brought along, kept in this browser or only as long as the tab is open.

import type { Database, KeptKeys } from '../../browser/database.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import { button, byId, confirmed, identifier, make } from './elements.js';
import { runJob } from './run-job.js';
import { errorInWords } from './words.js';

export class KeysView {
  #keys: KeptKeys | null = null;
  readonly #database: Database | null;
  readonly #place = byId('keys-body', HTMLElement);
  readonly #onKeys: (keys: KeptKeys) => void;

  /** @param database null where the browser keeps nothing */
  constructor(database: Database | null, onKeys: (keys: KeptKeys) => void) {
    this.#database = database;
    this.#onKeys = onKeys;
  }

  get keys(): KeptKeys | null {
    return this.#keys;
  }

  async start(): Promise<void> {
    const kept = (await this.#database?.get('keys', 'keys')) ?? null;
    if (kept === null) this.#showChoice();
    else this.#use(kept, true);
  }

  /** Shows where to begin, for whoever wants to do what needs keys. */
  ask(): void {
    byId('keys', HTMLElement).scrollIntoView({ block: 'start' });
    this.#place.querySelector('button')?.focus();
  }

  #show(...children: readonly (Node | string)[]): void {
    this.#place.replaceChildren(...children);
  }

  #showChoice(): void {
    this.#show(
      make(
        'p',
        {},
        'Files are encrypted in this browser before they leave it, and signed as yours. Both take keys. They are made here, they stay here, and the node never sees them.',
      ),
      make(
        'div',
        { class: 'row' },
        button('Make new keys', () => this.#create(), { class: 'primary', id: 'make-keys' }),
        button('Use keys I have', () => this.#showImport(), { id: 'bring-keys' }),
      ),
    );
  }

  async #create(): Promise<void> {
    try {
      const created = await runJob({ kind: 'create-keys' }).result;
      this.#showPhrases(created);
    } catch (error) {
      this.#show(
        errorInWords(toFileTaoError(error)),
        button('Back', () => this.#showChoice()),
      );
    }
  }

  #showPhrases(created: {
    readonly keys: KeptKeys;
    readonly hotkeyPhrase: string;
    readonly coldkeyPhrase: string;
    readonly address: string;
  }): void {
    const text = [
      'FileTAO keys. Whoever has these words can read and delete what you store.',
      '',
      `Hotkey phrase:  ${created.hotkeyPhrase}`,
      `Coldkey phrase: ${created.coldkeyPhrase}`,
      `Address:        ${created.address}`,
      '',
      'To use them on the command line: filetao wallet regenerate coldkey, then filetao wallet regenerate hotkey',
      '',
    ].join('\n');
    const file = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    const remember = this.#rememberBox();
    const understood = make('input', { type: 'checkbox', id: 'phrases-kept' });
    const go = button(
      'Continue',
      async () => {
        URL.revokeObjectURL(file);
        await this.#keep(created.keys, remember.checked);
      },
      { class: 'primary', disabled: true, id: 'keys-continue' },
    );
    understood.addEventListener('change', () => {
      go.disabled = !understood.checked;
    });
    this.#show(
      make('h3', { tabindex: '-1' }, 'Write these words down now'),
      make(
        'p',
        {},
        'They are shown this once. Without them nobody can bring your files back when this browser is gone: not the node, not the miners, not us.',
      ),
      make(
        'dl',
        { class: 'phrases' },
        make('dt', {}, 'Hotkey: signs, and owns what you store'),
        make('dd', {}, make('code', { id: 'hotkey-phrase' }, created.hotkeyPhrase)),
        make('dt', {}, 'Coldkey: opens what you store'),
        make('dd', {}, make('code', { id: 'coldkey-phrase' }, created.coldkeyPhrase)),
      ),
      make(
        'p',
        {},
        make('a', { href: file, download: 'filetao-keys.txt', class: 'button' }, 'Save as a file'),
      ),
      make('p', {}, make('label', {}, understood, ' I have them in a safe place')),
      remember.row,
      go,
    );
    this.#place.querySelector('h3')?.focus();
  }

  #showImport(): void {
    const hotkey = make('input', {
      id: 'hotkey-secret',
      type: 'password',
      autocomplete: 'off',
      spellcheck: 'false',
      required: true,
    });
    const reading = make('input', {
      id: 'reading-secret',
      type: 'password',
      autocomplete: 'off',
      spellcheck: 'false',
      required: true,
    });
    const remember = this.#rememberBox();
    const problem = make('div');
    const form = make(
      'form',
      { class: 'fields' },
      make('label', { for: 'hotkey-secret' }, 'Hotkey: its phrase, or its seed in hex'),
      hotkey,
      make(
        'label',
        { for: 'reading-secret' },
        'Decryption key: what “filetao wallet age-identity” prints, or the coldkey’s phrase',
      ),
      reading,
      make(
        'p',
        { class: 'quiet', id: 'reading-hint' },
        'Prefer the first: it opens files and nothing else. Of a coldkey’s phrase only that key is taken and kept, but a phrase that holds funds is better never typed into any web page.',
      ),
      remember.row,
      make(
        'div',
        { class: 'row' },
        make('button', { type: 'submit', class: 'primary', id: 'keys-import' }, 'Use these keys'),
        button('Back', () => this.#showChoice()),
      ),
      problem,
    );
    reading.setAttribute('aria-describedby', 'reading-hint');
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      problem.replaceChildren();
      try {
        const job = runJob({ kind: 'import-keys', hotkey: hotkey.value, reading: reading.value });
        const { keys } = await job.result;
        await this.#keep(keys, remember.checked);
      } catch (error) {
        problem.replaceChildren(errorInWords(toFileTaoError(error)));
      }
    });
    this.#show(form);
    hotkey.focus();
  }

  #rememberBox(): { readonly row: HTMLElement; readonly checked: boolean } {
    const box = make('input', { type: 'checkbox', id: 'remember-keys' });
    box.checked = this.#database !== null;
    box.disabled = this.#database === null;
    const row = make(
      'p',
      {},
      make('label', {}, box, ' Keep the keys in this browser'),
      make(
        'span',
        { class: 'quiet' },
        ' — unencrypted, for this page alone. Whoever can use this browser profile can then read and delete your files. Otherwise they are forgotten with the tab.',
      ),
    );
    return {
      row,
      get checked() {
        return box.checked;
      },
    };
  }

  async #keep(keys: KeptKeys, remember: boolean): Promise<void> {
    if (remember) {
      await this.#database?.put('keys', keys);
      // So that the browser does not clear them away when its disk runs low; it may say no.
      await navigator.storage?.persist?.().catch(() => false);
    }
    this.#use(keys, remember);
  }

  #use(keys: KeptKeys, kept: boolean): void {
    this.#keys = keys;
    const address = encodeSs58(keys.publicKey);
    this.#show(
      make('p', {}, 'Your address: ', identifier(address, 'address')),
      make(
        'p',
        { class: 'quiet' },
        kept
          ? 'The keys are kept in this browser, unencrypted. The node only ever gets signatures and ciphertext.'
          : 'The keys are forgotten when this tab is closed. The node only ever gets signatures and ciphertext.',
      ),
      button('Remove the keys from this browser', () => this.#forget(), { id: 'forget-keys' }),
    );
    this.#onKeys(keys);
  }

  async #forget(): Promise<void> {
    const question =
      'Remove the keys? What you stored stays on the network, and can only be opened with the words you wrote down.';
    if (!(await confirmed(question, 'Remove'))) return;
    await this.#database?.remove('keys', 'keys');
    // Also ends what is under way with these keys.
    location.reload();
  }
}
