// The exported surface of the proof core, nothing else.
export function ping(): i32 {
  return 1;
}
