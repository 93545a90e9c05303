import { setTimeout as sleep } from 'node:timers/promises';
import type { Command, Context, Outcome } from '../command.ts';
import type { Operations } from '../config/check-config.ts';
import { OpsError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { Layer, LayerResult, SmokeContext } from './layer.ts';
import { judge, type Sample } from './observation.ts';
import { layersOf, leftOut, readOptions, type SmokeOptions } from './options.ts';

export const smokeTest: Command = {
  name: 'smoke-test',
  summary: 'Tests each layer of a region, from DNS to a row read elsewhere.',
  usage: '[--region R] [--layers LIST] [--observe TIME]',
  options: {
    region: { type: 'string', multiple: true, value: 'R', help: 'this region; several in this order; default: all' },
    layers: { type: 'string', value: 'LIST', help: 'of dns,tls,app,read,write; default: what is configured' },
    resolve: {
      type: 'string',
      multiple: true,
      value: 'H:P:A',
      help: 'HOST:PORT:ADDRESS, as for curl: before the DNS leads there',
    },
    'expect-version': { type: 'string', value: 'V', help: 'the version that the app must name (healthToken)' },
    path: { type: 'string', value: 'PATH', help: 'write and read by the app, too: POST PATH, GET PATH?id=' },
    observe: { type: 'string', value: 'TIME', help: 'then test again and again for so long: 5m' },
    interval: { type: 'string', value: 'TIME', help: 'from one sample to the next; default: 10s' },
    'min-samples': { type: 'string', value: 'N', help: 'fewer samples prove nothing (exit 3); default: 20' },
    'failure-limit': { type: 'string', value: 'N', help: 'so many samples may fail; default: 0' },
  },
  examples: [
    'regionkit smoke-test --region eu-west-1',
    'regionkit smoke-test --region eu-west-1 --layers read,write --junit smoke.xml',
    'regionkit smoke-test --region eu-west-1 --observe 5m --min-samples 20',
  ],
  run: async (context) => {
    const config = await context.config();
    const options = await readOptions(context, config);
    for (const [at, region] of options.regions.entries()) {
      const outcome = await testRegion(context, config, options, region);
      if (outcome.exit === EXIT.ok) continue;
      const rest = options.regions.slice(at + 1);
      const left = rest.length === 0 ? '' : ` Not tested: ${rest.join(', ')}.`;
      return { exit: outcome.exit, summary: `${outcome.summary}${left}` };
    }
    return { exit: EXIT.ok, summary: `${options.regions.join(', ')}: every layer is well.` };
  },
};

async function testRegion(
  { emit, signal }: Context,
  config: Operations,
  options: SmokeOptions,
  region: string,
): Promise<Outcome> {
  const { resolved, ca, expectVersion, path, observeMs } = options;
  const origin = config.regions.find(({ name }) => name === region)?.origin;
  const nodes = config.nodes.filter((node) => node.region === region);
  const smoke: SmokeContext = { config, region, origin, nodes, resolved, ca, expectVersion, path, signal };
  const layers = layersOf(options, region, config);
  if (layers.length === 0) {
    throw new OpsError('ERR_OPS_CONFIG', `config: regions['${region}'] needs an origin or databases to be tested`);
  }
  const notTested = options.layers === undefined ? leftOut(region, config) : undefined;
  if (notTested !== undefined) {
    emit({
      type: 'finding',
      id: 'layer-not-tested',
      level: 'note',
      where: region,
      evidence: notTested,
      fix: 'Add what is missing to the configuration, or say by --layers what you want to test.',
    });
  }
  let unknown = false;
  for (const layer of layers) {
    const { state, says, tookMs } = await timed(layer, smoke);
    if (signal.aborted) return interrupted(region);
    emit({ type: 'step', name: layer.name, where: region, state, evidence: says, tookMs });
    if (state === 'failed') return { exit: EXIT.fault, summary: `${region}: ${layer.name}: ${says}.` };
    unknown ||= state === 'unknown';
  }
  if (unknown) return { exit: EXIT.unknown, summary: `${region}: not every layer could be tested.` };
  return observeMs === 0 ? { exit: EXIT.ok, summary: '' } : observe({ emit, signal }, layers, smoke, options);
}

const interrupted = (region: string): Outcome => ({ exit: EXIT.interrupted, summary: `Interrupted in ${region}.` });

async function timed(layer: Layer, context: SmokeContext): Promise<LayerResult & { readonly tookMs: number }> {
  const startedMs = performance.now();
  const result = await layer.test(context);
  return { ...result, tookMs: performance.now() - startedMs };
}

/** Tests all layers again and again. Ends early when too many samples have failed. */
async function observe(
  { emit, signal }: Pick<Context, 'emit' | 'signal'>,
  layers: readonly Layer[],
  context: SmokeContext,
  options: SmokeOptions,
): Promise<Outcome> {
  const { region } = context;
  const startedMs = performance.now();
  const samples: Sample[] = [];
  let firstFault: string | undefined;
  let failures = 0;
  for (let at = 0; performance.now() - startedMs < options.observeMs; at += 1) {
    await sleep(Math.max(0, startedMs + at * options.intervalMs - performance.now()), undefined, { signal }).catch(
      () => {},
    );
    const results = await Promise.all(layers.map(async (layer) => ({ layer, ...(await timed(layer, context)) })));
    if (signal.aborted) return interrupted(region);
    const fault = results.find(({ state }) => state === 'failed');
    firstFault ??= fault === undefined ? undefined : `${fault.layer.name}: ${fault.says}`;
    if (fault !== undefined) failures += 1;
    samples.push({
      failed: fault !== undefined,
      unknown: results.some(({ state }) => state === 'unknown'),
      tookMs: Math.max(...results.map(({ tookMs }) => tookMs)),
    });
    emit({ type: 'progress', text: `${region}: ${samples.length} samples, ${failures} failed` });
    if (failures > options.failureLimit) break;
  }
  const { state, says } = judge(samples, options);
  const evidence = firstFault === undefined ? says : `${says}. The first: ${firstFault}`;
  emit({ type: 'step', name: 'observe', where: region, state, evidence, tookMs: performance.now() - startedMs });
  if (state === 'done') return { exit: EXIT.ok, summary: '' };
  return { exit: state === 'failed' ? EXIT.fault : EXIT.unknown, summary: `${region}: ${evidence}.` };
}
