// Choosing files by dropping them or with the browser's own dialogue.

/** Calls `onFiles` for files dropped on `zone` or chosen with `input`, which stays usable by keyboard and by touch. */
export function acceptFiles(
  zone: HTMLElement,
  input: HTMLInputElement,
  onFiles: (files: readonly File[]) => void,
): void {
  const take = (list: FileList | null | undefined): void => {
    const files = [...(list ?? [])];
    if (files.length > 0) onFiles(files);
  };
  input.addEventListener('change', () => {
    take(input.files);
    // The same file can be chosen again: that is how an interrupted put goes on.
    input.value = '';
  });
  let depth = 0;
  const mark = (change: number): void => {
    depth = Math.max(0, depth + change);
    zone.classList.toggle('over', depth > 0);
  };
  zone.addEventListener('dragenter', (event) => {
    event.preventDefault();
    mark(1);
  });
  zone.addEventListener('dragover', (event) => event.preventDefault());
  zone.addEventListener('dragleave', () => mark(-1));
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    mark(-depth);
    take(event.dataTransfer?.files);
  });
}

/** A file dropped beside a zone must not replace the page, and what it is doing. */
export function ignoreOtherDrops(): void {
  for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault());
}
