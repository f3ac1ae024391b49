// What every backend of the two index ports must do. A backend's test file calls both functions with its
// factory; nothing here knows which backend it runs on.
import { placementListings } from './conformance/listings.js';
import { placementMiners } from './conformance/miners.js';
import { placementObjects } from './conformance/objects.js';
import { placementReplicas } from './conformance/replicas.js';
import { placementWriters } from './conformance/writers.js';
import type { IndexBackend } from './writer-crash.js';

export { holdingIndexConformance } from './conformance/holding.js';
export type { IndexBackend } from './writer-crash.js';

export function placementIndexConformance(backend: IndexBackend): void {
  placementObjects(backend);
  placementReplicas(backend);
  placementListings(backend);
  placementMiners(backend);
  placementWriters(backend);
}
