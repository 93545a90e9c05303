import type { Renderer } from './renderer.ts';

/** One JSON object a line (ndjson), without progress. */
export function jsonLines(): Renderer {
  return {
    add: (record) => (record.type === 'progress' ? '' : `${JSON.stringify(record)}\n`),
    end: () => '',
  };
}
