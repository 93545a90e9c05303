import { describe, expect, test } from 'vitest';
import { addressName, createSlots, PRIVATE } from '../../src/http/slots.ts';

const busy = { patience: () => 1, giveUp: () => {} };

describe('createPlaces()', () => {
  test('gives a bounded number, each back once', () => {
    const slots = createSlots({ max: 2, maxPerClient: 2 });
    const back = slots.acquire(['a'], busy);
    slots.acquire(['b'], { ...busy });
    expect(slots.refusal(['c'])?.code).toBe('ERR_FORWARD_BUSY');
    back();
    back();
    expect([slots.taken, slots.refusal(['c'])]).toEqual([1, undefined]);
  });

  test('gives one client no more than its share, by each of its names', () => {
    const slots = createSlots({ max: 10, maxPerClient: 2 });
    const back = slots.acquire(['nameless', 'address a'], busy);
    slots.acquire(['nameless', 'address b'], { ...busy });
    expect(slots.refusal(['nameless', 'address c'])?.code).toBe('ERR_FORWARD_CLIENT_BUSY');
    expect(slots.refusal(['name x'])).toBeUndefined();
    back();
    expect(slots.refusal(['nameless', 'address c'])).toBeUndefined();
  });

  test('takes the place of a slow forward of the same client, when that has its share', () => {
    const slots = createSlots({ max: 10, maxPerClient: 1 });
    const back = slots.acquire(['a'], { patience: () => 0.1, giveUp: () => back() });
    slots.acquire(['b'], { ...busy, patience: () => 0 });
    expect(slots.refusal(['a'])).toBeUndefined();
    expect(slots.taken).toBe(1);
  });

  test('ends the forward of no other client for one that has its share and gets no place anyway', () => {
    const slots = createSlots({ max: 2, maxPerClient: 1 });
    const given: string[] = [];
    const back = slots.acquire(['slow'], {
      patience: () => 0.1,
      giveUp: () => {
        given.push('slow');
        back();
      },
    });
    slots.acquire(['greedy'], { ...busy });
    expect(slots.refusal(['greedy'])?.code).toBe('ERR_FORWARD_BUSY');
    expect([given, slots.taken]).toEqual([[], 2]);
    // Nor for one of whose two names only one can have room.
    const two = createSlots({ max: 9, maxPerClient: 1 });
    two.acquire(['nameless', 'address a'], { patience: () => 0.1, giveUp: () => given.push('a') });
    two.acquire(['address b'], { ...busy });
    expect(two.refusal(['nameless', 'address b'])?.code).toBe('ERR_FORWARD_CLIENT_BUSY');
    expect(given).toEqual([]);
    expect(slots.refusal(['new'])).toBeUndefined();
    expect(given).toEqual(['slow']);
  });

  test('takes the place of the client that has kept its forward waiting the longest, and of none that has not', () => {
    const slots = createSlots({ max: 3, maxPerClient: 3 });
    const given: string[] = [];
    const acquire = (name: string, patience: number): void => {
      const back = slots.acquire([name], {
        patience: () => patience,
        giveUp: () => {
          given.push(name);
          back();
        },
      });
    };
    acquire('quick', 1);
    acquire('slow', 0.5);
    acquire('slowest', 0.2);
    expect(slots.refusal(['new'])).toBeUndefined();
    acquire('new', 1);
    expect(slots.refusal(['new'])).toBeUndefined();
    acquire('newer', 0.95);
    expect(slots.refusal(['another'])?.code).toBe('ERR_FORWARD_BUSY');
    expect(given).toEqual(['slowest', 'slow']);
  });
});

describe('addressTaker()', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('knows the client at %s as %s', (address, name) => {
    expect(addressName(address)).toBe(name);
  });
});

test.each([
  '10.0.0.1',
  '127.0.0.1',
  '::1',
  '172.16.0.1',
  '172.31.9.9',
  '192.168.1.1',
  '::ffff:10.1.1.1',
  'fd00:1::2',
  'fc00::1',
])('%s is an address of a private network', (address) => expect(PRIVATE.test(addressName(address))).toBe(true));

test.each([
  '11.0.0.1',
  '100.1.1.1',
  '172.15.0.1',
  '172.32.0.1',
  '192.169.1.1',
  '203.0.113.1',
  '2001:db8::1',
  '2600:fd00::1',
])('%s is not', (address) => expect(PRIVATE.test(addressName(address))).toBe(false));
