// Which build of the core runs here: `fma` needs relaxed SIMD whose multiply-add is really fused, `simd` runs everywhere else.
// Source: WebAssembly relaxed SIMD proposal (f64x2.relaxed_madd may round once or twice); the field arithmetic needs once.

export type CoreBuild = 'fma' | 'simd';

// (module (func (export "f") (result f64)
//   (f64x2.extract_lane 0 (f64x2.relaxed_madd (splat a) (splat b) (splat c)))))  with a = b = 1 + 2^-30, c = -(1 + 2^-29)
const double = (value: number): number[] => [...new Uint8Array(new Float64Array([value]).buffer)];
const splat = (value: number): number[] => [0x44, ...double(value), 0xfd, 0x14];
const body = [
  0x00,
  ...splat(1 + 2 ** -30),
  ...splat(1 + 2 ** -30),
  ...splat(-(1 + 2 ** -29)),
  ...[0xfd, 0x87, 0x02], // f64x2.relaxed_madd
  ...[0xfd, 0x21, 0x00], // f64x2.extract_lane 0
  0x0b,
];
const PROBE = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7c],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00],
  ...[0x0a, body.length + 2, 0x01, body.length, ...body],
]);

/** Whether the engine knows relaxed SIMD at all. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(PROBE);
}

/** Whether its multiply-add rounds once: (1 + 2^-30)^2 - (1 + 2^-29) is 2^-60, or 0 when the square is rounded first. */
export function hasFusedMultiplyAdd(): boolean {
  if (!hasRelaxedSimd()) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(PROBE));
  return (exports.f as () => number)() === 2 ** -60;
}

/** The fastest build that is correct here. */
export function probeBuild(): CoreBuild {
  return hasFusedMultiplyAdd() ? 'fma' : 'simd';
}
