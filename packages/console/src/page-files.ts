import type { RespondDecision } from '@regionkit/core';
import { PRIVATE_FIELDS } from '@regionkit/core/operator';
import { type Assets, loadAssets } from './assets.ts';

/**
 * Nothing but the page's own files, and its own server. No script or style in the page, no frame around it, no form that is sent: if
 * the script does not run, the token goes nowhere. Trusted types: the script cannot write HTML.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const FIELDS: RespondDecision['headers'] = [
  ...PRIVATE_FIELDS,
  ['content-security-policy', POLICY],
  ['x-frame-options', 'DENY'],
  ['cross-origin-opener-policy', 'same-origin'],
];

export interface PageFiles {
  /** Returns the answer for a file of the page. Undefined: there is no such file. */
  answer(name: string): Promise<RespondDecision | undefined>;
}

/** The files of the page. They hold nothing of the setup, so they need no token. */
export function createPageFiles(load: () => Promise<Assets> = loadAssets): PageFiles {
  let answers: Promise<ReadonlyMap<string, RespondDecision>> | undefined;
  const build = async (): Promise<ReadonlyMap<string, RespondDecision>> =>
    new Map(
      Object.entries(await load()).map(([name, { type, body }]) => [
        name,
        { action: 'respond', reason: 'page', status: 200, headers: [['content-type', type], ...FIELDS], body },
      ]),
    );
  return {
    answer: async (name) => {
      answers ??= build();
      return (await answers).get(name);
    },
  };
}
