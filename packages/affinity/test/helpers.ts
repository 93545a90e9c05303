import { defineRegions, type FakeView, fakeView, type Regions, type ResponseHead } from '@regionkit/core';

export const ALL = {
  'us-east-1': { origin: 'https://app-us.example.com' },
  'eu-west-1': { origin: 'https://app-eu.example.com' },
  'ap-south-1': { origin: 'https://app-ap.example.com' },
} as const;
export type Name = keyof typeof ALL;
export const NAMES = Object.keys(ALL) as readonly Name[];

export function regionsOf(self: Name = 'us-east-1'): Regions<Name> {
  return defineRegions({ self: self as string, all: ALL, hosts: ['app.example.com'] });
}

/** A view in which every region was well at a time. */
export function wellView(regions: Regions<Name>, observedAtMs = 1_000): FakeView<Name> {
  const view = fakeView(regions);
  for (const name of NAMES) view.set(name, { reads: 'pass', accept: 'yes', identified: true, observedAtMs });
  return view;
}

/** What a browser sends with a top-level navigation. */
export const NAVIGATION = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  accept: 'text/html,*/*;q=0.8',
} as const;

/** A head as a door presents it, over a plain list of fields. */
export function headOf(
  fields: readonly (readonly [string, string])[] = [],
  status = 200,
): ResponseHead & {
  readonly fields: readonly (readonly [string, string])[];
} {
  let list = [...fields];
  const is = (name: string) => (field: readonly [string, string]) => field[0].toLowerCase() === name.toLowerCase();
  return {
    status,
    get fields() {
      return list;
    },
    get: (name) => list.filter(is(name)).map(([, value]) => value),
    set: (name, value) => {
      list = [...list.filter((field) => !is(name)(field)), [name, value]];
    },
    append: (name, value) => {
      list.push([name, value]);
    },
  };
}
