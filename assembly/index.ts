// The exported surface of the proof core, nothing else.
export { IV } from './blake3-compress';
export { copyNode, digest, digests, fold, foldToRoot, leafNodes, output, rootOf, rootOfRow } from './blake3';
export { multiproof, multiproofLength, multiproofRoot } from './merkle';
export { memoryBase } from './memory';
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
