// The exported surface of the proof core, nothing else.
export { scalarIsCanonical, scalarReduceWideBatch } from './scalar25519';
export {
  ristrettoAdd,
  ristrettoDerive,
  ristrettoDouble,
  ristrettoIsSum,
  ristrettoIsValid,
} from './ristretto255';
export { pedersenBuildTables, pedersenCommit, pedersenTableBytes, pedersenWorkBytes } from './pedersen';
export * from './field25519_hooks';

// The first address above the core's static data: where the caller may place its regions.
export function heapBase(): usize {
  return __heap_base;
}
