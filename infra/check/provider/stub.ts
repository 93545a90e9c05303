import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import { decode, ExtData, ExtensionCodec, encode } from '@msgpack/msgpack';
import { schemaOf } from './attributes.ts';
import { faultsOf, isUnknown, plan, settle, UNKNOWN, type Values } from './judge.ts';
import { DATA_SOURCES, RESOURCES, type ResourceFacts } from './schemas.ts';

/**
 * A provider that stands where the one of AWS would, so that `terraform validate`, `plan` and `test` run without a
 * network. It judges by `schemas.ts`, and creates nothing.
 */
export interface StubProvider {
  /** For the environment of terraform. */
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

interface Value {
  readonly msgpack?: Uint8Array;
  readonly json?: Uint8Array;
}
/** The fields of all requests: a method reads those that its own request has. */
interface Request {
  readonly type_name: string;
  readonly config: Value;
  readonly current_state: Value;
  readonly prior_state: Value;
  readonly proposed_new_state: Value;
  readonly planned_state: Value;
  readonly raw_state: { readonly json: Uint8Array };
}
type Reply = (error: null, answer: object) => void;
type Method = (call: { readonly request: Request }, reply: Reply) => void;

const codec = new ExtensionCodec();
for (const type of [0, 12]) codec.register({ type, encode: () => null, decode: () => UNKNOWN });

const read = (value: Value | null): Values | null => {
  if (value?.msgpack === undefined || value.msgpack.length === 0) return null;
  return decode(value.msgpack, { extensionCodec: codec }) as Values | null;
};
const write = (value: Values | null): Value => ({ msgpack: encode(marked(value)) });
/** Unknown values become the extension by which the protocol says it. */
const marked = (value: unknown): unknown => {
  if (isUnknown(value)) return new ExtData(0, new Uint8Array([0]));
  if (Array.isArray(value)) return value.map(marked);
  if (typeof value !== 'object' || value === null || value instanceof ExtData) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, marked(part)]));
};
const ERROR = 1;
const errors = (faults: readonly string[]): object => ({
  diagnostics: faults.map((summary) => ({ severity: ERROR, summary, detail: '' })),
});
const schemas = (table: Readonly<Record<string, ResourceFacts>>): object =>
  Object.fromEntries(Object.entries(table).map(([type, facts]) => [type, schemaOf(facts)]));
const factsOf = (type: string): ResourceFacts => RESOURCES[type] ?? { attributes: '' };

const METHODS: Readonly<Record<string, Method>> = {
  GetMetadata: (_, reply) => reply(null, { server_capabilities: {} }),
  GetProviderSchema: (_, reply) =>
    reply(null, {
      provider: schemaOf({ attributes: 'region:string?' }),
      resource_schemas: schemas(RESOURCES),
      data_source_schemas: schemas(DATA_SOURCES),
    }),
  ValidateProviderConfig: (_, reply) => reply(null, {}),
  ConfigureProvider: (_, reply) => reply(null, {}),
  StopProvider: (_, reply) => reply(null, {}),
  ValidateDataResourceConfig: (_, reply) => reply(null, {}),
  ValidateResourceConfig: ({ request: { type_name, config } }, reply) =>
    reply(null, errors(faultsOf(factsOf(type_name), read(config) ?? {}))),
  UpgradeResourceState: ({ request: { raw_state } }, reply) =>
    reply(null, { upgraded_state: { json: raw_state.json } }),
  ReadResource: ({ request: { current_state } }, reply) => reply(null, { new_state: current_state }),
  ReadDataSource: (_, reply) => reply(null, { state: write({ id: '123456789012', account_id: '123456789012' }) }),
  PlanResourceChange: ({ request: { type_name, prior_state, proposed_new_state } }, reply) => {
    const proposed = read(proposed_new_state);
    if (proposed === null) return reply(null, { planned_state: proposed_new_state });
    const { planned, replace } = plan(factsOf(type_name), read(prior_state), proposed);
    reply(null, {
      planned_state: write(planned),
      requires_replace: replace.map((name) => ({ steps: [{ attribute_name: name }] })),
    });
  },
  ApplyResourceChange: ({ request: { type_name, planned_state } }, reply) => {
    const planned = read(planned_state);
    reply(null, { new_state: planned === null ? planned_state : write(settle(type_name, planned)) });
  },
};

export async function startStub(): Promise<StubProvider> {
  const proto = fileURLToPath(new URL('tfplugin6.proto', import.meta.url));
  const definition = grpc.loadPackageDefinition(loader.loadSync(proto, { keepCase: true, defaults: true }));
  const { Provider } = definition['tfplugin6'] as unknown as {
    Provider: { service: grpc.ServiceDefinition };
  };
  const server = new grpc.Server();
  server.addService(Provider.service, METHODS as unknown as grpc.UntypedServiceImplementation);
  const port = await new Promise<number>((done, failed) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, at) =>
      error === null ? done(at) : failed(error),
    );
  });
  const attach = {
    'registry.terraform.io/hashicorp/aws': {
      Protocol: 'grpc',
      ProtocolVersion: 6,
      Pid: process.pid,
      Test: true,
      Addr: { Network: 'tcp', String: `127.0.0.1:${port}` },
    },
  };
  return {
    environment: { TF_REATTACH_PROVIDERS: JSON.stringify(attach) },
    close: () => server.forceShutdown(),
  };
}
