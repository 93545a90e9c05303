/** Compiled, never run: the names of the regions follow from the map to what a router and its gate tell. */
import { defineRegions, staticView } from '@regionkit/core';
import { Pool } from 'pg';
import { expectTypeOf } from 'vitest';
import { createWriteGate } from '../src/http/index.ts';
import { createRegionRouter } from '../src/index.ts';
import { fakeRouter } from '../src/testing/index.ts';

const all = { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } };
const regions = defineRegions({ self: 'us', all });
const router = createRegionRouter({ regions, pools: { us: new Pool() } });
type Name = 'us' | 'eu';

expectTypeOf(router.regions.self).toEqualTypeOf<Name>();
expectTypeOf(router.explain('write').region).toEqualTypeOf<Name | undefined>();
expectTypeOf(router.gate.primaryNow()?.region).toEqualTypeOf<Name | undefined>();
router.on('primary', ({ region }) => expectTypeOf(region).toEqualTypeOf<Name>());
router.on('unconfirmed', ({ claimedBy }) => expectTypeOf(claimedBy).toEqualTypeOf<Name | undefined>());

const gate = createWriteGate({ router, view: staticView(regions) });
gate.on('forwarded', ({ region }) => expectTypeOf(region).toEqualTypeOf<Name>());

const fake = fakeRouter({ self: 'us', regions });
fake.emit('primary', { epoch: { system: '1', timeline: 1, owner: 'us/0' }, region: 'eu', missingForMs: 0 });
// @ts-expect-error a misspelt region
fake.emit('primary', { epoch: { system: '1', timeline: 1, owner: 'us/0' }, region: 'ue', missingForMs: 0 });

const other = defineRegions({ self: 'us', all: { us: all.us, ap: { origin: 'https://ap.example.com' } } });
// @ts-expect-error the view of other regions
createWriteGate({ router, view: staticView(other) });
// @ts-expect-error earlier versions took the router first
createWriteGate(router, {});
