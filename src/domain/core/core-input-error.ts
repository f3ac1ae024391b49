// The one error the proof core's face throws: an input outside the limits its documentation states.

export type CoreInputCode =
  | 'bad-key'
  | 'bad-data-length'
  | 'bad-chunk-size'
  | 'bad-count'
  | 'bad-index'
  | 'bad-scalar'
  | 'bad-range'
  | 'bad-pass';

/** A caller's mistake or a peer's bytes checked too late; `code` is stable, the message is for people. */
export class CoreInputError extends Error {
  readonly code: CoreInputCode;

  constructor(code: CoreInputCode, message: string) {
    super(message);
    this.name = 'CoreInputError';
    this.code = code;
  }
}
