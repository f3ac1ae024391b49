// Unpredictable bytes, as something that tests and simulations can own.

export interface Random {
  bytes(length: number): Uint8Array;
}
