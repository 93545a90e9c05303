import type { RegionKitError } from '@regionkit/core';

/** What `application/problem+json` (RFC 9457) says of a write that is not done. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** What became of the write. */
  readonly outcome?: string | undefined;
  /** Where it would be done. */
  readonly region?: string | undefined;
}

export function problemBody({ status, code, detail, outcome, region }: Problem): string {
  return JSON.stringify({ type: 'about:blank', status, code, detail, outcome, region });
}

/** An answer, ready to be written. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** What an error answers. The outcome and the region are those of the errors of this package. */
export function answerOf(error: RegionKitError & { readonly outcome?: string; readonly region?: string }): Answer {
  const { status, code, message, outcome, region } = error;
  return {
    status,
    headers: [['content-type', 'application/problem+json'], ...Object.entries(error.headers)],
    body: problemBody({ status, code, detail: message, outcome, region }),
  };
}
