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
