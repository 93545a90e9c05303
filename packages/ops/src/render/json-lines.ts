import { plain } from './plain.ts';
import type { Renderer } from './renderer.ts';

/** One JSON object a line (ndjson), without progress. Texts are plain, so that `jq -r` may print them, too. */
export function jsonLines(): Renderer {
  return {
    add: (record) => (record.type === 'progress' ? '' : `${JSON.stringify(record, plainText)}\n`),
    end: () => '',
  };
}

const plainText = (_name: string, value: unknown): unknown => (typeof value === 'string' ? plain(value) : value);
