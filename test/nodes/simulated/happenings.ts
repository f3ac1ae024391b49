// What happened in a history: how often each kind of fault was played, and where.

export class Happenings {
  /** Kind → place → how often. */
  readonly counts = new Map<string, Map<string, number>>();
  /** Faults so far that excuse a miner for not answering: losses, crashes. */
  disturbances = 0;

  note(kind: string, place: string): void {
    const places = this.counts.get(kind) ?? new Map<string, number>();
    this.counts.set(kind, places.set(place, (places.get(place) ?? 0) + 1));
  }

  disturb(kind: string, place: string): void {
    this.disturbances++;
    this.note(kind, place);
  }

  add(other: ReadonlyMap<string, ReadonlyMap<string, number>>): void {
    for (const [kind, places] of other) {
      const mine = this.counts.get(kind) ?? new Map<string, number>();
      this.counts.set(kind, mine);
      for (const [place, count] of places) mine.set(place, (mine.get(place) ?? 0) + count);
    }
  }

  of(kind: string): ReadonlyMap<string, number> {
    return this.counts.get(kind) ?? new Map();
  }

  total(kind: string): number {
    return [...this.of(kind).values()].reduce((sum, count) => sum + count, 0);
  }
}
