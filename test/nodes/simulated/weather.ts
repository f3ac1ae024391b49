// What a simulated network does to messages.

/** What the network does to messages: chances of each, and delays in milliseconds. */
export interface Weather {
  readonly delayMsMax: number;
  /** A request or its answer is lost, and the connection breaks. */
  readonly loss: number;
  /** No answer ever comes. */
  readonly hang: number;
  /** A second copy of the request arrives at some time. */
  readonly duplicate: number;
}

export const calm: Weather = { delayMsMax: 40, loss: 0, hang: 0, duplicate: 0 };
export const storm: Weather = { delayMsMax: 3000, loss: 0.15, hang: 0.03, duplicate: 0.25 };
