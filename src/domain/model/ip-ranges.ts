// Addresses that others on the internet cannot reach (https://www.iana.org/assignments/iana-ipv4-special-registry,
// …/iana-ipv6-special-registry). A node that announces one of them would never be found.

/** Why nobody reaches the address from elsewhere, or null when it is an ordinary public one. */
export function unroutableReason(host: string): string | null {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu.exec(host)?.[1];
  const parts = (mapped ?? host).split('.').map(Number);
  if (parts.length === 4 && parts.every((part) => part >= 0 && part <= 255)) return reasonOfIpv4(parts);
  return host.includes(':') ? reasonOfIpv6(host.toLowerCase()) : 'it is no IP address';
}

function reasonOfIpv4([a = 0, b = 0, c = 0]: readonly number[]): string | null {
  if (a === 0) return 'it stands for any address of this machine';
  if (a === 127) return 'it is a loopback address, which only this machine reaches';
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168))
    return 'it is a private address, which only the local network reaches';
  if (a === 100 && b >= 64 && b < 128) return 'it is behind the provider’s address translation';
  if (a === 169 && b === 254) return 'it is a link-local address';
  if (
    (a === 192 && b === 0 && c === 2) ||
    (a === 198 && b === 51 && c === 100) ||
    (a === 203 && b === 0 && c === 113)
  )
    return 'it is reserved for documentation';
  if (a === 198 && (b === 18 || b === 19)) return 'it is reserved for benchmarks';
  if (a >= 224) return 'it is a multicast or reserved address';
  return null;
}

function reasonOfIpv6(host: string): string | null {
  if (host === '::') return 'it stands for any address of this machine';
  if (host === '::1') return 'it is a loopback address, which only this machine reaches';
  if (/^f[cd]/u.test(host)) return 'it is a private address, which only the local network reaches';
  if (/^fe[89ab]/u.test(host)) return 'it is a link-local address';
  if (/^ff/u.test(host)) return 'it is a multicast address';
  if (/^2001:0?db8:/u.test(host)) return 'it is reserved for documentation';
  return /^[23]/u.test(host) ? null : 'it is not a global address';
}
