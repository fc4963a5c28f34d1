/** A picture of the last seconds of sound: a bar per COLUMN_MS, newest right. */

/** One bar covers two frames of speech: fine enough to see syllables. */
const COLUMN_MS = 40;
/** With reduced motion one still bar is drawn instead, this often. */
const CALM_MS = 250;
const BAR_PX = 3;
const GAP_PX = 2;

export class Meter {
  #canvas;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {MediaStreamAudioSourceNode | null} */
  #source = null;
  /** @type {AnalyserNode | null} */
  #analyser = null;
  #samples = new Float32Array(2048);
  /** Heights of the bars in [0, 1], oldest first. @type {number[]} */
  #bars = [];
  /** @type {ReturnType<typeof setInterval> | null} */
  #timer = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /**
   * Show this stream. Only once it may be heard: a browser that blocks
   * autoplay blocks an AudioContext too, and complains about it.
   *
   * @param {MediaStream} stream
   */
  show(stream) {
    if (this.#source?.mediaStream !== stream) this.#tap(stream);
    this.#timer ??= setInterval(() => this.#tick(), this.#calm.matches ? CALM_MS : COLUMN_MS);
  }

  /** Come to rest: a flat line, and no more work. */
  rest() {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#bars = [];
    this.#draw();
  }

  /** @param {MediaStream} stream */
  #tap(stream) {
    this.#context ??= new AudioContext();
    this.#context.resume().catch((error) => console.info("playhead: no meter:", error));
    this.#analyser ??= new AnalyserNode(this.#context, { fftSize: this.#samples.length });
    this.#source?.disconnect();
    this.#source = this.#context.createMediaStreamSource(stream);
    // Never on to the destination: the audio element plays the stream already,
    // and hearing it twice is an echo.
    this.#source.connect(this.#analyser);
  }

  #tick() {
    const wasFlat = this.#bars.every((height) => height === 0);
    this.#bars.push(this.#level());
    this.#bars.splice(0, this.#bars.length - this.#columns());
    // A flat line that scrolls is the same flat line. Drawing is half of what
    // the page costs while somebody speaks, so in silence it is left out.
    if (!wasFlat || this.#bars.at(-1) !== 0) requestAnimationFrame(() => this.#draw());
  }

  /** @returns {number} peak of the newest samples, in [0, 1] */
  #level() {
    if (!this.#analyser) return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let peak = 0;
    for (const sample of this.#samples) peak = Math.max(peak, Math.abs(sample));
    // The root lifts quiet speech, as the ear does; the floor hides the noise
    // a codec leaves in silence.
    return peak < 0.001 ? 0 : Math.min(1, Math.sqrt(peak));
  }

  #columns() {
    return Math.max(1, Math.floor(this.#canvas.clientWidth / (BAR_PX + GAP_PX)));
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    if (!context || width === 0) return;
    const scale = devicePixelRatio;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    context.scale(scale, scale);
    context.fillStyle = getComputedStyle(this.#canvas).color;
    if (this.#calm.matches) this.#drawCalm(context, width, height);
    else this.#drawBars(context, width, height);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  #drawBars(context, width, height) {
    const columns = this.#columns();
    const missing = columns - this.#bars.length;
    const left = (width - columns * (BAR_PX + GAP_PX) + GAP_PX) / 2;
    context.beginPath();
    for (let column = 0; column < columns; column += 1) {
      const bar = Math.max(BAR_PX, (this.#bars[column - missing] ?? 0) * height);
      const x = left + column * (BAR_PX + GAP_PX);
      context.roundRect(x, (height - bar) / 2, BAR_PX, bar, BAR_PX / 2);
    }
    context.fill();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  #drawCalm(context, width, height) {
    const bar = Math.max(BAR_PX, (this.#bars.at(-1) ?? 0) * width);
    context.beginPath();
    context.roundRect(0, height / 2 - BAR_PX, bar, 2 * BAR_PX, BAR_PX);
    context.fill();
  }
}
