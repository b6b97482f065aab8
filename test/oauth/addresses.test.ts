import { describe, expect, it } from 'vitest';
import { callerOf } from '../../src/oauth/addresses.ts';

describe('callers', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:50123', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:0201', '192.0.2.1'],
    ['::ffff:0a01:2', '10.1.0.2'],
    ['[::ffff:192.0.2.1]:443', '192.0.2.1'],
  ])('%s is the IPv4 address %s', (address, caller) => {
    expect(callerOf(address)).toBe(caller);
  });

  it.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::7]:443', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['2001:db8:1:2:3:4:192.0.2.1', '2001:db8:1:2::/64'],
  ])('%s is one of the network %s', (address, caller) => {
    expect(callerOf(address)).toBe(caller);
  });

  it('tells two networks apart', () => {
    expect(callerOf('2001:db8:1:2::1')).not.toBe(callerOf('2001:db8:1:3::1'));
  });

  it.each(['', 'unknown', '_hidden', 'example.com', '1.2.3', ':', '1:2:3', 'g::1', '[::1', 'x'.repeat(5000)])(
    'takes %j, which is no address, for one and the same caller',
    (address) => {
      expect(callerOf(address)).toBe('other');
    },
  );
});
