export { type FakeRouter, type FakeRouterOptions, type FakeStatement, fakeRouter } from './fake-router.ts';
