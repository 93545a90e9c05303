import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What a request meets. `lost-answer`: it is done, and its connection breaks before the answer. The others do nothing. `once`: only the
 * first request; the SDK then tries again.
 */
export type WireFault = 'hang' | 'lost-answer' | 'throttle' | 'denied' | 'down';

/** S3, DynamoDB and Parameter Store in this process, as far as the epoch stores use them, over their wire protocols. */
export interface AwsWire {
  readonly url: string;
  /** What is stored, by its place: `bucket/key`, `table/key`, or the name of the parameter with all its versions. */
  readonly objects: Map<string, Buffer>;
  readonly items: Map<string, Record<string, Record<string, string>>>;
  readonly parameters: Map<string, string[]>;
  fault(kind: WireFault, scope?: { readonly of?: 'reads' | 'writes'; readonly times?: number }): void;
  heal(): void;
  /** Runs in the middle of the next write: after the condition was checked by its sender, before it is done. */
  beforeWrite(run: () => void): void;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
}

interface Attributes {
  readonly [name: string]: Record<string, string>;
}

const json = (body: unknown): Answer => ({ status: 200, body: JSON.stringify(body) });
const failed = (type: string, status = 400): Answer => ({
  status,
  body: JSON.stringify({ __type: type, message: 'a message that nobody may see' }),
  headers: { 'x-amzn-errortype': type },
});
const xml = (status: number, code: string): Answer => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>a message that nobody may see</Message></Error>`,
  headers: { 'content-type': 'application/xml' },
});

export async function awsWire(): Promise<AwsWire> {
  const objects = new Map<string, Buffer>();
  const items: AwsWire['items'] = new Map();
  const parameters = new Map<string, string[]>();
  let faults: { readonly kind: WireFault; readonly of: 'reads' | 'writes' | undefined; left: number }[] = [];
  let interrupt: (() => void) | undefined;

  const s3 = (request: http.IncomingMessage, body: Buffer): Answer => {
    const place = decodeURIComponent((request.url ?? '').slice(1).split('?')[0] ?? '');
    if (place.startsWith('no-such-bucket/')) return xml(404, 'NoSuchBucket');
    const found = objects.get(place);
    const etag = (content: Buffer): string => `"${createHash('md5').update(content).digest('hex')}"`;
    if (request.method === 'GET') {
      if (found === undefined) return xml(404, 'NoSuchKey');
      return { status: 200, body: found.toString('latin1'), headers: { etag: etag(found), raw: 'yes' } };
    }
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
    if (ifNoneMatch === '*' && found !== undefined) return xml(412, 'PreconditionFailed');
    if (ifMatch !== undefined && found === undefined) return xml(404, 'NoSuchKey');
    if (ifMatch !== undefined && ifMatch !== etag(found as Buffer)) return xml(412, 'PreconditionFailed');
    objects.set(place, body);
    return { status: 200, body: '', headers: { etag: etag(body) } };
  };

  const dynamoDb = (operation: string, input: Record<string, unknown>): Answer => {
    const { TableName, Key, Item, ConditionExpression } = input as {
      TableName: string;
      Key?: Attributes;
      Item?: Attributes;
      ConditionExpression?: string;
    };
    if (TableName === 'no-such-table') return failed('com.amazonaws.dynamodb.v20120810#ResourceNotFoundException');
    const place = `${TableName}/${(Key ?? Item)?.['name']?.['S']}`;
    const found = items.get(place);
    if (operation === 'GetItem') return json(found === undefined ? {} : { Item: found });
    const before = (input['ExpressionAttributeValues'] as Attributes | undefined)?.[':before']?.['S'];
    const holds: Record<string, () => boolean> = {
      'attribute_not_exists(#key)': () => found === undefined,
      '#value = :before': () => found !== undefined && found['epoch']?.['S'] === before,
      'NOT attribute_type(#value, :before)': () => before === 'S' && found?.['epoch']?.['S'] === undefined,
    };
    if (holds[ConditionExpression ?? '']?.() !== true)
      return failed('com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException');
    items.set(place, Item as never);
    return json({});
  };

  const ssm = (operation: string, input: Record<string, unknown>): Answer => {
    const [name = '', selector] = String(input['Name']).split(':');
    const versions = parameters.get(name) ?? [];
    if (operation === 'GetParameter') {
      const version = selector === undefined ? versions.length : Number(selector);
      const Value = versions[version - 1];
      if (versions.length === 0) return failed('ParameterNotFound');
      return Value === undefined
        ? failed('ParameterVersionNotFound')
        : json({ Parameter: { Name: name, Type: 'String', Value, Version: version } });
    }
    if (versions.length > 0 && input['Overwrite'] !== true) return failed('ParameterAlreadyExists');
    parameters.set(name, [...versions, String(input['Value'])]);
    return json({ Version: versions.length + 1, Tier: 'Standard' });
  };

  const run = (request: http.IncomingMessage, body: Buffer): Answer => {
    const [service, operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
    if (service === '') return s3(request, body);
    const input = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    return service === 'AmazonSSM' ? ssm(operation, input) : dynamoDb(operation, input);
  };

  const isWrite = (request: http.IncomingMessage): boolean =>
    request.method === 'PUT' || /\.Put/.test(String(request.headers['x-amz-target'] ?? ''));

  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const writes = isWrite(request);
      const fault = faults.find(({ of, left }) => left > 0 && (of === undefined || (of === 'writes') === writes));
      if (fault !== undefined) fault.left -= 1;
      const isS3 = request.headers['x-amz-target'] === undefined;
      const send = ({ status, body, headers }: Answer): void => {
        const { raw, ...rest } = headers ?? {};
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...rest });
        response.end(raw === undefined ? body : Buffer.from(body, 'latin1'));
      };
      if (fault?.kind === 'hang') return;
      if (fault?.kind === 'down') return void request.socket.resetAndDestroy();
      if (fault?.kind === 'throttle') return send(isS3 ? xml(503, 'SlowDown') : failed('ThrottlingException'));
      if (fault?.kind === 'denied') return send(isS3 ? xml(403, 'AccessDenied') : failed('AccessDeniedException'));
      if (writes) {
        const between = interrupt;
        interrupt = undefined;
        between?.();
      }
      const answer = run(request, Buffer.concat(chunks));
      if (fault?.kind === 'lost-answer') return void request.socket.resetAndDestroy();
      send(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    items,
    parameters,
    fault: (kind, { of, times = Number.POSITIVE_INFINITY } = {}) => void faults.push({ kind, of, left: times }),
    heal: () => {
      faults = [];
    },
    beforeWrite: (wanted) => {
      interrupt = wanted;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
