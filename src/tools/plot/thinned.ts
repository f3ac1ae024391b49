// A stream of any length in bounded memory, evenly: for charts, which cannot show more points than they have pixels.

/** Keeps every n-th item, n doubling as the stream grows, so that never more than `most` are held. */
export class Thinned<Item> {
  items: Item[] = [];
  #every = 1;
  #seen = 0;

  constructor(private readonly most: number) {}

  add(item: Item): void {
    if (this.#seen++ % this.#every !== 0) return;
    this.items.push(item);
    if (this.items.length < this.most) return;
    this.items = this.items.filter((_, i) => i % 2 === 0);
    this.#every *= 2;
  }
}
