import { defineRegions, type Regions, type RequestView, type ResponseHead } from '@regionkit/core';

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

/** What a browser sends with a top-level navigation. */
export const NAVIGATION = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  accept: 'text/html,*/*;q=0.8',
} as const;

type Fields = Readonly<Record<string, string | readonly string[]>>;

export function viewOf({
  method = 'GET',
  target = '/',
  host = 'app.example.com',
  headers = {},
}: {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string | null;
  readonly headers?: Fields;
} = {}): RequestView {
  return {
    method,
    target,
    path: target.split('?')[0] as string,
    host: host ?? undefined,
    header: (name) => [headers[name] ?? []].flat(),
    httpVersion: '1.1',
    signal: new AbortController().signal,
    raw: {},
  };
}

/** A head as a door presents it, over a plain list of fields. */
export function headOf(fields: readonly (readonly [string, string])[] = [], status = 200) {
  let list = [...fields];
  const head: ResponseHead = {
    status,
    get: (name) => list.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value),
    set: (name, value) => {
      list = [...list.filter(([key]) => key.toLowerCase() !== name.toLowerCase()), [name, value]];
    },
    append: (name, value) => {
      list.push([name, value]);
    },
  };
  return head;
}

/** The fields an affinity decision puts on an answer whose head the app wrote as `fields`. */
export function answered(
  decision: { action: string; onHead?(head: ResponseHead): void },
  fields: readonly (readonly [string, string])[] = [],
): ResponseHead {
  const head = headOf(fields);
  decision.onHead?.(head);
  return head;
}
