// Pictures for the mock console, drawn: a card, its back, a face.

const text = (s) => s.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

function head(seed, x, y, size, tilt = 0) {
  const skin = ['#d9a98a', '#c48b66', '#8d5a3b', '#eac3a6'][seed % 4];
  const hair = ['#2b1d12', '#5a3a1e', '#1a1a1f', '#8a6a3a'][(seed >> 2) % 4];
  return `<g transform="translate(${x} ${y}) scale(${size / 100}) rotate(${tilt} 50 55)">
    <ellipse cx="50" cy="108" rx="46" ry="26" fill="#44566a"/><rect x="40" y="76" width="20" height="22" fill="${skin}"/>
    <ellipse cx="50" cy="50" rx="29" ry="37" fill="${hair}"/><ellipse cx="50" cy="56" rx="25" ry="31" fill="${skin}"/>
    <path d="M25 46 Q50 ${14 + (seed % 7)} 75 46 Q50 32 25 46z" fill="${hair}"/>
    <ellipse cx="40" cy="54" rx="4" ry="2.6" fill="#fff"/><ellipse cx="60" cy="54" rx="4" ry="2.6" fill="#fff"/>
    <circle cx="40" cy="54" r="2" fill="#2a2018"/><circle cx="60" cy="54" r="2" fill="#2a2018"/>
    <path d="M34 48h11M55 48h11" stroke="${hair}" stroke-width="2"/><path d="M50 56l-3 11h5" fill="none" stroke="#0004" stroke-width="1.5"/>
    <path d="M41 75q9 ${4 + (seed % 4)} 18 0" fill="none" stroke="#8a3a34" stroke-width="2.4"/></g>`;
}
const svg = (w, h, inside) => Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">${inside}</svg>`);

/** @returns {Buffer} an SVG of this kind for a case */
export function picture(kind, c, n = 0) {
  if (kind === 'portrait') return svg(400, 400, `<rect width="400" height="400" fill="#c9d3d8"/>${head(c.seed, 70, 60, 260)}`);
  if (kind === 'frame') return svg(480, 480, `<rect width="480" height="480" fill="#6f7d86"/>${head(c.face, 90 + n * 9, 80 + n * 4, 300, n * 2 - 3)}`);
  const back = kind.includes('back');
  const skew = kind.endsWith('straight') ? '' : 'transform="rotate(-3 500 320) translate(40 30) scale(.93)"';
  const card = back
    ? `<rect width="1000" height="630" rx="36" fill="#dfe6ea"/><text x="60" y="440" font-family="monospace" font-size="38" fill="#111">${['IDFRA' + c.document + '<<<<<<<<<<<<<<<<', '7001108X3012311FRA<<<<<<<<<<<8', `${c.surname}<<ALIX<ANNE<MARIE<<<<<<`].map((l, i) => `<tspan x="60" dy="${i ? 58 : 0}">${text(l.slice(0, 30))}</tspan>`).join('')}</text>`
    : `<rect width="1000" height="630" rx="36" fill="#e4ecf3"/><text x="60" y="90" font-size="40" fill="#234" font-family="sans-serif">CARTE D’IDENTITÉ  SPECIMEN</text>
      <rect x="60" y="150" width="280" height="360" fill="#cfd8dd"/>${head(c.seed, 70, 190, 260)}
      <g font-family="sans-serif" font-size="32" fill="#112"><text x="390" y="200">${text(c.surname)}</text><text x="390" y="260">Alix, Anne-Marie</text><text x="390" y="320">10 01 1970</text><text x="390" y="380">${text(c.document)}</text></g>`;
  return svg(1000, 630, `<rect width="1000" height="630" fill="#3d352c"/><g ${skew}>${card}</g>`);
}
