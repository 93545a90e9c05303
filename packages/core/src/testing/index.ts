export { type FakeClock, fakeClock } from './fake-clock.ts';
export { type RequestParts, requestView } from './request-view.ts';
