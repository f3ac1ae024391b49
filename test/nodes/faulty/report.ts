// What faults were played, for people: how often each kind, at how many places, and which places no crash has hit.
import type { Happenings } from '../simulated/happenings.js';

export function report(happenings: Happenings): string[] {
  const lines: string[] = [];
  const places = happenings.of('await');
  const crashes = happenings.of('crash');
  for (const kind of [...happenings.counts.keys()].filter((one) => one !== 'await').sort()) {
    const where = [...happenings.of(kind)].sort(([, a], [, b]) => b - a);
    const some = where.slice(0, 12).map(([place, count]) => `${place} ${count}`);
    lines.push(`${kind}: ${happenings.total(kind)} at ${where.length} places: ${some.join(', ')}`);
  }
  const missed = [...places.keys()].filter((place) => !crashes.has(place)).sort();
  lines.push(`crashes hit ${places.size - missed.length} of ${places.size} awaits that were passed`);
  if (missed.length > 0) lines.push(`not hit: ${missed.join(', ')}`);
  return lines;
}
