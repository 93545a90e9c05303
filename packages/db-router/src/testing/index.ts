export { type FakeRouter, type FakeRouterOptions, type FakeStatement, fakeRouter } from './fake-router.ts';
export {
  createMemoryRegions,
  type MemoryRegion,
  type MemoryRegions,
  type MemoryRegionsOptions,
} from './memory-regions.ts';
