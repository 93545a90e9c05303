import type { NodeResponse } from '../http/decision.ts';

/** Calls `ended` once: when the answer was handed to the network whole, or when it was cut short. */
export function onResponseEnd(response: NodeResponse, ended: (aborted: boolean) => void): void {
  // Known only while the response is under way: Node detaches the socket before it tells that the response has ended.
  const socket = 'stream' in response ? undefined : response.req?.socket;
  let told = false;
  const tell = (aborted: boolean): void => {
    if (told) return;
    told = true;
    ended(aborted);
  };
  // A response that waited for a socket that was then destroyed finishes too, and so does every HTTP/2 stream.
  response.once('finish', () => tell(socket?.destroyed === true || streamCutShort(response)));
  response.once('close', () => tell(true));
}

/** Whether the response has ended already, and how. */
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
