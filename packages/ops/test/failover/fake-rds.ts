import type { IncomingMessage, ServerResponse } from 'node:http';
import { webServer } from '../doctor/front/web-server.ts';

/** One DB instance, as the API shows it. A test may change it at any time. */
export interface FakeInstance {
  readonly region: string;
  readonly id: string;
  engine: string;
  status: string;
  source: string | undefined;
  readonly port: number;
}

/** An error of the API: `[code, status]`. */
export type RdsFault = readonly [code: string, status: number];

export interface FakeRds {
  readonly url: string;
  readonly instances: FakeInstance[];
  /** `action region id` of each request. */
  readonly calls: string[];
  /** Set it, and every request fails so. */
  fault: RdsFault | 'garbage' | undefined;
  /** Set it, and every promotion is refused so. */
  refusal: RdsFault | undefined;
}

/** The RDS API over the wire: the query protocol (form in, XML out), signed for one region. `promote` is what a promotion does. */
export async function fakeRds(
  instances: FakeInstance[],
  promote: (instance: FakeInstance) => Promise<void>,
): Promise<FakeRds> {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const [, region = ''] =
      /Credential=[^/]+\/\d{8}\/([^/]+)\/rds\/aws4_request/.exec(request.headers.authorization ?? '') ?? [];
    const [action, id] = [form.get('Action') ?? '', form.get('DBInstanceIdentifier') ?? ''];
    fake.calls.push(`${action} ${region} ${id}`);
    if (fake.fault === 'garbage') return void response.writeHead(200).end('\u001b[31m<<not xml');
    if (fake.fault !== undefined) return fail(response, ...fake.fault);
    const found = instances.find((one) => one.region === region && one.id === id);
    if (found === undefined) return fail(response, 'DBInstanceNotFound', 404);
    if (action === 'DescribeDBInstances') return answer(response, action, `<DBInstances>${xml(found)}</DBInstances>`);
    if (action !== 'PromoteReadReplica') return fail(response, 'InvalidAction', 400);
    if (fake.refusal !== undefined) return fail(response, ...fake.refusal);
    if (found.source === undefined || found.status !== 'available')
      return fail(response, 'InvalidDBInstanceState', 400);
    found.status = 'modifying';
    void promote(found);
    answer(response, action, xml(found));
  };
  const url = await webServer((request, response) => void handle(request, response));
  const fake: FakeRds = { url, instances, calls: [], fault: undefined, refusal: undefined };
  return fake;
}

const NAMESPACE = 'http://rds.amazonaws.com/doc/2014-10-31/';

function xml({ region, id, engine, status, source, port }: FakeInstance): string {
  const of =
    source === undefined
      ? ''
      : `<ReadReplicaSourceDBInstanceIdentifier>${source}</ReadReplicaSourceDBInstanceIdentifier>`;
  return `<DBInstance><DBInstanceIdentifier>${id}</DBInstanceIdentifier><Engine>${engine}</Engine><DBInstanceStatus>${status}</DBInstanceStatus>${of}<Endpoint><Address>127.0.0.1</Address><Port>${port}</Port></Endpoint><DBInstanceArn>arn:aws:rds:${region}:123456789012:db:${id}</DBInstanceArn></DBInstance>`;
}

function answer(response: ServerResponse, action: string, result: string): void {
  response.writeHead(200, { 'content-type': 'text/xml' });
  response.end(
    `<${action}Response xmlns="${NAMESPACE}"><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`,
  );
}

function fail(response: ServerResponse, code: string, status: number): void {
  response.writeHead(status, { 'content-type': 'text/xml' });
  response.end(
    `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>of account 123456789012</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
  );
}
