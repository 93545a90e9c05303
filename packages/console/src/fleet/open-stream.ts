import http from 'node:http';
import https from 'node:https';
import { createEventParser, type ServerSentEvent } from '@regionkit/core/operator';
import type { DoorSilence } from '../model/fleet.ts';

export interface OpenStreamOptions {
  readonly url: string;
  readonly token: string;
  readonly agent: https.Agent | undefined;
  /** The stream counts as ended after this time without a byte, in milliseconds. */
  readonly idleMs: number;
  onEvent(event: ServerSentEvent): void;
  /** Called once. */
  onEnd(why: DoorSilence): void;
}

/** A status has a few kilobytes for each node. */
const MAX_EVENT = 1_048_576;

const BY_CODE: Readonly<Record<string, DoorSilence>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ETIMEDOUT: 'timed-out',
  ENOTFOUND: 'no-such-host',
  EAI_AGAIN: 'no-such-host',
};

/** Listens to the events of one operator door, on a connection of its own. Follows no redirect. Returns what ends it. */
export function openStream({ url, token, agent, idleMs, onEvent, onEnd }: OpenStreamOptions): () => void {
  let isOver = false;
  let request: http.ClientRequest | undefined;
  const stop = (): void => {
    isOver = true;
    request?.destroy();
  };
  const end = (why: DoorSilence): void => {
    if (isOver) return;
    stop();
    onEnd(why);
  };
  const isTls = url.startsWith('https:');
  try {
    request = (isTls ? https : http).get(url, {
      // A balancer picks a process for each connection.
      agent: (isTls ? agent : undefined) ?? false,
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
      timeout: idleMs,
    });
  } catch {
    // Later, as with every other end: the caller has to know first what it has opened.
    setImmediate(end, 'lost');
    return stop;
  }
  request.on('timeout', () => end('timed-out'));
  request.on('error', (error: NodeJS.ErrnoException) => end(whyOf(error)));
  request.on('response', (response) => {
    const silence = silenceOf(response);
    if (silence !== undefined) return end(silence);
    const parser = createEventParser(MAX_EVENT);
    response.setEncoding('utf8');
    response.on('error', () => end('lost'));
    response.on('close', () => end('lost'));
    response.on('data', (chunk: string) => {
      try {
        for (const event of parser.push(chunk)) if (!isOver) onEvent(event);
      } catch {
        end('no-door');
      }
    });
  });
  return stop;
}

function silenceOf({ statusCode, headers }: http.IncomingMessage): DoorSilence | undefined {
  if (statusCode === 401) return 'wrong-token';
  if (statusCode === 503) return 'full';
  return statusCode === 200 && headers['content-type']?.startsWith('text/event-stream') ? undefined : 'no-door';
}

function whyOf({ code = '' }: NodeJS.ErrnoException): DoorSilence {
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) return 'tls';
  return BY_CODE[code] ?? 'lost';
}
