import type { RegionKitError } from '@regionkit/core';

/**
 * The content of `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) for a write that was
 * not executed.
 */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** What happened to the write. */
  readonly outcome?: string | undefined;
  /** The region that would execute it. */
  readonly region?: string | undefined;
}

export function problemBody({ status, code, detail, outcome, region }: Problem): string {
  return JSON.stringify({ type: 'about:blank', status, code, detail, outcome, region });
}

/** An answer that is ready to be written. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Makes the answer for an error, with the outcome and region of this package's errors. */
export function answerOf(error: RegionKitError & { readonly outcome?: string; readonly region?: string }): Answer {
  const { status, code, message, outcome, region } = error;
  return {
    status,
    headers: [['content-type', 'application/problem+json'], ...Object.entries(error.headers)],
    body: problemBody({ status, code, detail: message, outcome, region }),
  };
}
