import type { Knowledge, OperationEntry, OperationOutcome } from '../history/entries.ts';
import { REGIONS } from '../regions.ts';
import type { Answer } from './ask.ts';
import { positionsIn } from './purse.ts';

type Said = Pick<OperationEntry, 'status' | 'outcome' | 'received'> & Partial<OperationEntry>;

/** What an answer says, in the terms of the history. */
export function readAnswer(answer: Answer): Said {
  const { status, headers } = answer;
  const body = parse(answer.body);
  const announced = NOTICES[String(headers['x-region-notice'])];
  const served = REGIONS.find((region) => region === headers['x-proof-served']);
  const hint = status === 503 ? headers['x-region-hint'] : undefined;
  const knew = REGIONS.flatMap((region) => {
    const told = headers[`x-proof-knew-${region}`];
    return typeof told === 'string' ? [JSON.parse(told) as Knowledge] : [];
  });
  return {
    status,
    outcome: status < 400 ? 'ok' : outcomeOf(body['outcome']),
    received: positionsIn(headers),
    ...(typeof body['code'] === 'string' && { code: body['code'] }),
    ...(typeof body['version'] === 'number' && { version: body['version'] }),
    ...(typeof body['value'] === 'string' && { value: body['value'] }),
    ...(typeof body['performed'] === 'string' && { performed: body['performed'] }),
    ...(typeof body['written'] === 'number' && { written: body['written'] }),
    ...(typeof body['known'] === 'number' && { known: body['known'] }),
    ...(Array.isArray(body['entries']) && { entries: body['entries'] as string[] }),
    ...(announced !== undefined && { announced }),
    ...(served !== undefined && { served }),
    ...(typeof hint === 'string' && { hint }),
    ...(knew.length > 0 && { knew }),
  };
}

const NOTICES: Readonly<Record<string, OperationEntry['announced']>> = {
  'write-lost-suspected': 'lost',
  'write-fate-unknown': 'unknown',
};

function outcomeOf(said: unknown): OperationOutcome {
  return said === 'not-sent' || said === 'rolled-back' || said === 'rejected' || said === 'unknown' ? said : 'none';
}

function parse(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}
