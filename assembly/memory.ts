// Where the memory that the host lays out begins: behind the core's own constants and scratch.
export function memoryBase(): usize {
  return __heap_base;
}
