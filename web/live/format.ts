export function percent(ppm: number): string {
  return `${Number((ppm / 1e4).toPrecision(3))} %`;
}

export function count(value: number): string {
  return value.toLocaleString("en");
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

export function powerOfTen(exponent: number): string {
  if (exponent >= -2 && exponent <= 3) return String(Number((10 ** exponent).toPrecision(3)));
  const digits = [...String(Math.abs(exponent))].map((digit) => superscripts[Number(digit)]).join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

// E itself from its natural logarithm; beyond what one reads at a glance, its power of ten.
export function evidence(logE: number): string {
  const exponent = logE / Math.LN10;
  if (exponent >= 6 || exponent < -3) return `≈ ${powerOfTen(Math.round(exponent))}`;
  const value = Math.exp(logE);
  if (value >= 99.95) return count(Math.round(value));
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

export function milliseconds(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 100) return `${Math.round(value)} ms`;
  return `${value.toFixed(value >= 10 ? 1 : 2)} ms`;
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const hours = Math.floor(whole / 3600);
  if (hours < 48) return `${hours} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export function timeOfDay(ms: number): string {
  return clock.format(ms);
}

// With the day where it is not the same as now's.
export function moment(ms: number, now: number): string {
  const sameDay = new Date(ms).toDateString() === new Date(now).toDateString();
  return sameDay ? timeOfDay(ms) : `${day.format(ms)}, ${timeOfDay(ms)}`;
}

export function words(name: string): string {
  return name.replace(/_/g, " ");
}
