import type { NodeResponse } from '../http/decision.ts';

/** Calls `ended` once: when the whole answer was handed to the network, or when it was cut short. */
export function onResponseEnd(response: NodeResponse, ended: (aborted: boolean) => void): void {
  // Read the socket now: Node detaches it before it emits the end of the response.
  const socket = 'stream' in response ? undefined : response.req?.socket;
  let reported = false;
  const report = (aborted: boolean): void => {
    if (reported) return;
    reported = true;
    ended(aborted);
  };
  // A response whose socket was destroyed also emits `finish`, and so does every HTTP/2 stream.
  response.once('finish', () => report(socket?.destroyed === true || streamCutShort(response)));
  response.once('close', () => report(true));
}

/** Whether and how the response has ended. */
export function responseEnd(response: NodeResponse): 'under way' | 'whole' | 'cut short' {
  if ('stream' in response) {
    if (response.stream !== undefined && !response.stream.destroyed) return 'under way';
    return streamCutShort(response) ? 'cut short' : 'whole';
  }
  if (response.writableFinished) return 'whole';
  return response.closed || response.destroyed ? 'cut short' : 'under way';
}

function streamCutShort(response: NodeResponse): boolean {
  if (!('stream' in response)) return false;
  const { stream } = response;
  return stream === undefined || stream.aborted || !stream.writableFinished;
}
