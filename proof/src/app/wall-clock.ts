/** Steps this process's wall clock, as an operator or a resumed machine does. The monotonic clock is left alone. */
export function stepWallClock(ms: number): void {
  shiftMs += ms;
  Date.now = () => real() + shiftMs;
}

const real = Date.now;
let shiftMs = 0;
