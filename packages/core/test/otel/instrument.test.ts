import { channel } from 'node:diagnostics_channel';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compose, createEvents } from '../../src/index.ts';
import { type Instrumentation, instrument } from '../../src/otel/index.ts';
import { table } from '../../src/otel/table.ts';
import { requestView } from '../../src/testing/index.ts';

const publish = (event: string, payload: unknown): void => channel(`regionkit:${event}`).publish(payload);

/** A payload with everything any instrument reads. */
const anything = {
  ...Object.fromEntries(
    'part action reason region from to target guard mark state node intent code by why name step failure key outcome refresh phase'
      .split(' ')
      .map((field) => [field, `a-${field}`]),
  ),
  error: { code: 'ERR_X', outcome: 'not-sent', region: 'us' },
  status: 204,
  headMs: 12,
  heldMs: 12,
  pausedMs: 12,
  missingForMs: 12,
  durationMs: 12,
};
const verdict = { status: 'pass', reads: 'pass', writes: 'unknown', accept: 'yes', phase: 'up' };
const payloadOf = (event: string): unknown => (event === 'health:change' ? { to: verdict } : anything);

describe('instrument(), with the real SDK and its Prometheus endpoint', () => {
  let exporter: PrometheusExporter;
  let provider: MeterProvider;
  let telemetry: Instrumentation;
  beforeEach(async () => {
    exporter = new PrometheusExporter({ host: '127.0.0.1', port: 0, preventServerStart: true });
    provider = new MeterProvider({ readers: [exporter] });
    telemetry = instrument({ meterProvider: provider });
  });
  afterEach(async () => {
    telemetry.close();
    await provider.shutdown();
  });

  /** What a scrape over the network shows of us, without the lines of the exporter's own. */
  const scrape = async (): Promise<string[]> => {
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as { port: number };
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    server.close().closeAllConnections();
    return text
      .split('\n')
      .filter((line) => line.startsWith('regionkit'))
      .map((line) =>
        line
          .replace(/,?otel_scope_name="[^"]*"/, '')
          .replace('{}', '')
          .replace('{,', '{'),
      );
  };

  test('makes something of every event of every package', async () => {
    for (const event of Object.keys(table)) publish(event, payloadOf(event));
    const lines = (await scrape()).join('\n');
    for (const [event, row] of Object.entries(table)) {
      const name = `regionkit_${event.replace(/[:-]/g, '_')}`;
      const line = row.durationMs === undefined ? `${name}_total` : `${name}_duration_count`;
      expect(lines).toMatch(new RegExp(`^${line}(\\{|\\s).*\\b1$`, 'm'));
    }
  });

  test('counts by reason', async () => {
    const events = createEvents<{ decision: object }>('affinity', ['decision']);
    events.emit('decision', { action: 'next', reason: 'home' });
    events.emit('decision', { action: 'next', reason: 'home' });
    events.emit('decision', { action: 'respond', reason: 'redirect', region: 'eu' });
    expect(await scrape()).toEqual([
      'regionkit_affinity_decision_total{action="next",reason="home"} 2',
      'regionkit_affinity_decision_total{action="respond",reason="redirect",region="eu"} 1',
    ]);
  });

  test('times in seconds', async () => {
    publish('db-router:hold-ended', { heldMs: 40, by: 'primary' });
    publish('db-router:hold-ended', { heldMs: 60, by: 'primary' });
    const lines = await scrape();
    expect(lines).toContain('regionkit_db_router_hold_ended_duration_sum{by="primary"} 0.1');
    expect(lines).toContain('regionkit_db_router_hold_ended_duration_count{by="primary"} 2');
    expect(lines).toContain('regionkit_db_router_hold_ended_duration_bucket{by="primary",le="0.05"} 1');
  });

  test('says what holds now; what is unknown does not', async () => {
    publish('db-router:primary', { region: 'us', missingForMs: 0 });
    publish('health:change', { to: verdict });
    expect(await scrape()).toEqual(
      expect.arrayContaining([
        'regionkit_db_router_primary_known 1',
        'regionkit_health_reads 1',
        'regionkit_health_writes 0',
        'regionkit_health_accept 1',
      ]),
    );
    publish('db-router:primary-lost', { state: 'none' });
    publish('health:change', { to: { ...verdict, reads: 'fail', accept: 'draining' } });
    expect(await scrape()).toEqual(
      expect.arrayContaining([
        'regionkit_db_router_primary_known 0',
        'regionkit_health_reads 0',
        'regionkit_health_accept 0',
      ]),
    );
  });

  test('keeps the number of series bounded, whatever is published', async () => {
    for (let at = 0; at < 1_000; at += 1) publish('db-router:retry', { intent: 'read', code: `code-${at}` });
    publish('db-router:retry', { intent: 'x'.repeat(65), code: 7 });
    const lines = await scrape();
    expect(lines).toHaveLength(102);
    expect(lines).toContain('regionkit_db_router_retry_total{intent="read",code="other"} 900');
    expect(lines).toContain('regionkit_db_router_retry_total{intent="other",code="other"} 1');
  });

  test('survives what it does not understand', async () => {
    for (const event of Object.keys(table))
      for (const payload of [undefined, null, 7, 'x', {}]) publish(event, payload);
    publish('health:check', { name: 'a', reason: 'passed', durationMs: 'long' });
    publish('affinity:decision', anything);
    expect((await scrape()).filter((line) => line.startsWith('regionkit_affinity_decision'))).toHaveLength(2);
  });

  test('hears of a decider that fails', async () => {
    compose({
      decide: () => {
        throw new Error('a bug');
      },
    }).decide(requestView());
    expect(await scrape()).toEqual(['regionkit_core_failure_total{part="decide"} 1']);
  });

  test('closed, it hears nothing and costs nothing', async () => {
    expect(channel('regionkit:affinity:decision').hasSubscribers).toBe(true);
    await telemetry[Symbol.asyncDispose]();
    telemetry.close();
    expect(Object.keys(table).filter((event) => channel(`regionkit:${event}`).hasSubscribers)).toEqual([]);
    publish('affinity:decision', anything);
    expect(await scrape()).toEqual([]);
  });
});

test('instrument() takes the meter it is given, or the global provider', async () => {
  const names: string[] = [];
  const provider = new MeterProvider();
  const meter = provider.getMeter('mine');
  const { createCounter } = meter;
  meter.createCounter = (name, options) => {
    names.push(name);
    return createCounter.call(meter, name, options);
  };
  instrument({ meter }).close();
  expect(names).toContain('regionkit.affinity.decision');
  const asked: string[] = [];
  metrics.setGlobalMeterProvider({
    getMeter: (name) => {
      asked.push(name);
      return provider.getMeter(name);
    },
  });
  instrument().close();
  metrics.disable();
  expect(asked).toEqual(['@regionkit/core']);
});

test('a meter whose instruments return promises that reject harms nothing else', async () => {
  const rejections: unknown[] = [];
  const hear = (error: unknown): void => void rejections.push(error);
  process.on('unhandledRejection', hear);
  let recorded = 0;
  const record = () => {
    recorded += 1;
    return Promise.reject(new Error('of the app'));
  };
  const instrumentOfApp = () => ({ add: record, record });
  const telemetry = instrument({
    meter: { createCounter: instrumentOfApp, createHistogram: instrumentOfApp, createGauge: instrumentOfApp } as never,
  });
  publish('affinity:decision', anything); // a counter
  publish('db-router:primary', { region: 'us', missingForMs: 0 }); // a histogram and a gauge
  await new Promise((resolve) => setImmediate(resolve));
  telemetry.close();
  process.off('unhandledRejection', hear);
  expect(recorded).toBe(3);
  expect(rejections).toEqual([]);
});
