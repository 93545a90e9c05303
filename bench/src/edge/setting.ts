import { defineRegions, type FakeView, fakeView, type Regions } from '@regionkit/core';

export type EdgeRegion = 'us-east-1' | 'eu-west-1' | 'ap-southeast-1';

/** Three regions of an imaginary app. `primaryPort` puts the first on loopback, for forwarding to it. */
export function edgeRegions(self: EdgeRegion, primaryPort?: number): Regions<EdgeRegion> {
  return defineRegions({
    self,
    all: {
      'us-east-1': { origin: primaryPort ? `http://127.0.0.1:${primaryPort}` : 'https://app-us-east-1.example.com' },
      'eu-west-1': { origin: 'https://app-eu-west-1.example.com' },
      'ap-southeast-1': { origin: 'https://app-ap-southeast-1.example.com' },
    },
    hosts: ['app.example.com'],
    development: primaryPort !== undefined,
  });
}

/** All regions are well. */
export function edgeView(self: EdgeRegion): FakeView<EdgeRegion> {
  const regions = edgeRegions(self);
  const view = fakeView(regions);
  for (const { name } of regions.list) {
    view.set(name, {
      reads: 'pass',
      writes: 'pass',
      accept: 'yes',
      identified: true,
      observedAtMs: performance.now() + 3_600_000,
    });
  }
  return view;
}
