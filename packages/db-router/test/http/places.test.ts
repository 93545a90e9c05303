import { describe, expect, test } from 'vitest';
import { addressTaker, createPlaces, PRIVATE } from '../../src/http/places.ts';

const busy = { patience: () => 1, giveUp: () => {} };

describe('createPlaces()', () => {
  test('gives a bounded number, each back once', () => {
    const places = createPlaces({ max: 2, maxPerClient: 2 });
    const back = places.take(['a'], busy);
    places.take(['b'], { ...busy });
    expect(places.obstacle(['c'])?.code).toBe('ERR_FORWARD_BUSY');
    back();
    back();
    expect([places.taken, places.obstacle(['c'])]).toEqual([1, undefined]);
  });

  test('gives one client no more than its share, by each of its names', () => {
    const places = createPlaces({ max: 10, maxPerClient: 2 });
    const back = places.take(['nameless', 'address a'], busy);
    places.take(['nameless', 'address b'], { ...busy });
    expect(places.obstacle(['nameless', 'address c'])?.code).toBe('ERR_FORWARD_CLIENT_BUSY');
    expect(places.obstacle(['name x'])).toBeUndefined();
    back();
    expect(places.obstacle(['nameless', 'address c'])).toBeUndefined();
  });

  test('takes the place of a slow forward of the same client, when that has its share', () => {
    const places = createPlaces({ max: 10, maxPerClient: 1 });
    const back = places.take(['a'], { patience: () => 0.1, giveUp: () => back() });
    places.take(['b'], { ...busy, patience: () => 0 });
    expect(places.obstacle(['a'])).toBeUndefined();
    expect(places.taken).toBe(1);
  });

  test('ends the forward of no other client for one that has its share and gets no place anyway', () => {
    const places = createPlaces({ max: 2, maxPerClient: 1 });
    const given: string[] = [];
    const back = places.take(['slow'], {
      patience: () => 0.1,
      giveUp: () => {
        given.push('slow');
        back();
      },
    });
    places.take(['greedy'], { ...busy });
    expect(places.obstacle(['greedy'])?.code).toBe('ERR_FORWARD_BUSY');
    expect([given, places.taken]).toEqual([[], 2]);
    // Nor for one of whose two names only one can have room.
    const two = createPlaces({ max: 9, maxPerClient: 1 });
    two.take(['nameless', 'address a'], { patience: () => 0.1, giveUp: () => given.push('a') });
    two.take(['address b'], { ...busy });
    expect(two.obstacle(['nameless', 'address b'])?.code).toBe('ERR_FORWARD_CLIENT_BUSY');
    expect(given).toEqual([]);
    expect(places.obstacle(['new'])).toBeUndefined();
    expect(given).toEqual(['slow']);
  });

  test('takes the place of the client that has kept its forward waiting the longest, and of none that has not', () => {
    const places = createPlaces({ max: 3, maxPerClient: 3 });
    const given: string[] = [];
    const take = (name: string, patience: number): void => {
      const back = places.take([name], {
        patience: () => patience,
        giveUp: () => {
          given.push(name);
          back();
        },
      });
    };
    take('quick', 1);
    take('slow', 0.5);
    take('slowest', 0.2);
    expect(places.obstacle(['new'])).toBeUndefined();
    take('new', 1);
    expect(places.obstacle(['new'])).toBeUndefined();
    take('newer', 0.95);
    expect(places.obstacle(['another'])?.code).toBe('ERR_FORWARD_BUSY');
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
  ])('knows the client at %s as %s', (address, taker) => {
    expect(addressTaker(address)).toBe(taker);
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
])('%s is an address of a private network', (address) => expect(PRIVATE.test(addressTaker(address))).toBe(true));

test.each([
  '11.0.0.1',
  '100.1.1.1',
  '172.15.0.1',
  '172.32.0.1',
  '192.169.1.1',
  '203.0.113.1',
  '2001:db8::1',
  '2600:fd00::1',
])('%s is not', (address) => expect(PRIVATE.test(addressTaker(address))).toBe(false));
