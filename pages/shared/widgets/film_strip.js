// Draws the data of film_strip.py: a film strip, and arcs from the candidate to its frames. Texts are inserted as such.

const SVG = "http://www.w3.org/2000/svg"
const MORPH_MS = 550
const HEAD_MS = 1700
// of a step that was shown and got no answer, such as while the connection was lost, the server is told again
const AGAIN_MS = 10000
// labels of arcs: no more than these, and not of less than this share
const MOST_LABELS = 5
const LEAST_LABELLED = 0.05
// the arcs' width together, in widths of the candidate; what is less than a hair is drawn as one
const BASE = 0.94
const HAIR = 0.8
const strips = new WeakMap()

function create(tag, className, text) {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text) element.textContent = text
  return element
}

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches
const eased = (t) => 1 - (1 - t) ** 3

class Strip {
  constructor(root) {
    this.root = root
    this.look = 0
    this.weights = new Map() // as drawn now, by frame
    this.frames = new Map()
    this.rays = new Map()
    this.looks = create("fieldset", "looks")
    this.play = create("button", "play")
    this.play.type = "button"
    this.play.onclick = () => (this.player ? this.stop() : this.start())
    this.candidate = create("div", "candidate")
    this.about = create("div", "about")
    this.film = create("div", "film")
    this.list = create("ol", "frames")
    this.detail = create("p", "detail")
    this.svg = document.createElementNS(SVG, "svg")
    this.svg.setAttribute("class", "rays")
    this.svg.setAttribute("aria-hidden", "true")
    this.film.append(this.list)
    root.append(this.looks, this.svg, this.candidate, this.about, this.film, this.detail)
    root.setAttribute("role", "group")
    this.film.onscroll = () => {
      this.atEnd = this.film.scrollLeft + this.film.clientWidth >= this.film.scrollWidth - 2
      this.draw()
    }
    this.list.onkeydown = (event) => this.move(event)
    this.atEnd = true
    this.observer = new ResizeObserver(() => {
      if (this.atEnd) this.film.scrollLeft = this.film.scrollWidth
      this.draw()
    })
    this.observer.observe(this.film)
    this.observer.observe(this.list)
  }

  // ---- data

  update(data, tell) {
    const before = this.places()
    const previous = this.data?.candidate.id
    const ghost = previous && previous !== data.candidate.id && this.poster?.cloneNode(true)
    const from = this.poster?.getBoundingClientRect()
    const known = Boolean(this.data)
    // another part of the model may have other heads
    const look = this.data?.looks[this.look]?.name
    this.look = Math.max(0, data.looks.findIndex(({ name }) => name === look))
    this.data = data
    this.tell = tell
    this.root.classList.toggle("large", data.large)
    this.root.classList.toggle("plain", data.candidate.hue !== undefined)
    this.root.style.setProperty("--count", data.frames.length)
    // a sentence a second is more than anybody wants to hear
    this.detail.setAttribute("aria-live", data.playing ? "off" : "polite")
    this.list.setAttribute("aria-label", data.history)
    this.drawLooks()
    if (!this.poster || previous !== data.candidate.id) this.drawCandidate(known)
    this.drawAbout()
    this.drawFrames()
    this.film.scrollTo({ left: this.film.scrollWidth, behavior: known && !still() ? "smooth" : "auto" })
    this.show()
    if (known && !still()) {
      this.glide(before)
      const landed = this.frames.get(previous)
      if (ghost && landed && !before.has(previous)) this.fly(ghost, from, landed)
    }
    this.animate(known)
    this.goOn()
  }

  drawLooks() {
    const names = this.data.looks.map((look) => look.name).join("\n")
    if (names !== this.names) {
      this.names = names
      this.stop()
      this.looks.replaceChildren(create("legend", "", "Heads"))
      let group
      let groups = this.looks
      this.data.looks.forEach((look, index) => {
        if (look.group !== group) {
          groups = create("span", "group")
          if (look.group) groups.append(create("span", "of", look.group))
          this.looks.append(groups)
        }
        group = look.group
        const label = create("label", "", look.short)
        const input = create("input")
        input.type = "radio"
        input.name = "look"
        input.value = index
        input.setAttribute("aria-label", look.name)
        input.onchange = () => {
          this.stop()
          this.choose(index)
        }
        label.title = look.name
        label.prepend(input)
        groups.append(label)
      })
      this.looks.append(this.play)
    }
    this.play.hidden = !this.data.play_heads
  }

  drawCandidate(known) {
    const { candidate } = this.data
    this.poster = poster(candidate, { family: getComputedStyle(this.root).fontFamily })
    this.candidate.replaceChildren(this.poster)
    if (known && !still()) {
      const timing = { duration: MORPH_MS, easing: "ease-out" }
      this.poster.animate([{ opacity: 0, transform: "translateX(30%) scale(0.9)" }, { opacity: 1, transform: "none" }], timing)
    }
  }

  drawAbout() {
    const { candidate, legend, note } = this.data
    const lines = create("ul", "legend")
    for (const [direction, text] of legend) {
      const line = create("li", direction, text)
      const sample = document.createElementNS(SVG, "svg")
      sample.setAttribute("viewBox", "0 0 28 8")
      sample.setAttribute("aria-hidden", "true")
      sample.append(ray(direction, "M1 4H27", 5))
      line.prepend(sample)
      lines.append(line)
    }
    const parts = [create("bdi", "title", candidate.label), create("span", "value", candidate.value), lines]
    if (candidate.lead) parts.unshift(create("span", "note", candidate.lead))
    this.about.replaceChildren(...parts, create("span", "note", note))
  }

  drawFrames() {
    const family = getComputedStyle(this.root).fontFamily
    const ids = new Set(this.data.frames.map((frame) => frame.id))
    for (const [id, item] of this.frames) {
      if (ids.has(id)) continue
      item.remove()
      this.rays.get(id).remove()
      for (const map of [this.frames, this.rays, this.weights]) map.delete(id)
    }
    this.data.frames.forEach((frame, index) => {
      if (!this.frames.has(frame.id)) this.add(frame, family)
      const item = this.frames.get(frame.id)
      if (this.list.children[index] !== item) this.list.insertBefore(item, this.list.children[index] ?? null)
      item.className = frame.gap ? "gap" : ""
      const button = item.firstChild
      if (frame.number) button.querySelector(".number").textContent = frame.number
      const effect = button.querySelector(".effect")
      effect.className = `effect ${frame.direction ?? ""}`
      effect.textContent = frame.effect || "\u00a0"
      this.rays.get(frame.id).setAttribute("class", `ray ${frame.direction ?? "none"}`)
    })
    this.rove(this.list.querySelector('[tabindex="0"]') ?? this.list.lastElementChild?.firstChild)
  }

  add(frame, family) {
    const item = create("li")
    const button = create("button", "frame")
    button.type = "button"
    button.dataset.frame = frame.id
    if (frame.genres) button.append(poster(frame, { family }))
    else {
      const blank = create("span", frame.id === "rest" ? "leader" : "stack")
      if (frame.number) blank.append(create("span", "number", frame.number))
      blank.append(create("span", "word", frame.word ?? frame.label))
      button.append(blank)
    }
    button.append(create("span", "stars", frame.stars || "\u00a0"), create("span", "effect"), create("span", "share"))
    button.onpointerenter = () => this.focus(frame.id)
    button.onfocus = () => {
      this.rove(button)
      this.focus(frame.id)
    }
    button.onclick = () => this.focus(frame.id)
    button.onpointerleave = button.onblur = () => this.focus(null)
    item.append(button)
    this.frames.set(frame.id, item)
    const line = ray("none", "", 0)
    this.rays.set(frame.id, line)
    this.svg.append(line)
  }

  // ---- what is shown

  choose(look) {
    this.look = look
    this.show()
    this.animate(true)
  }

  // texts of the chosen head
  show() {
    const { looks, frames } = this.data
    for (const input of this.looks.querySelectorAll("input")) input.checked = Number(input.value) === this.look
    this.root.setAttribute("aria-label", `${this.data.label}: ${looks[this.look].name}`)
    const weights = frames.map((frame) => frame.weights[this.look])
    const least = Math.max(LEAST_LABELLED, [...weights].sort((a, b) => b - a)[MOST_LABELS - 1] ?? 0)
    frames.forEach((frame, index) => {
      const button = this.frames.get(frame.id).firstChild
      button.querySelector(".share").textContent = weights[index] >= least ? frame.shares[this.look] : ""
      button.setAttribute("aria-label", this.inWords(frame))
    })
    this.focus(this.focused)
  }

  inWords(frame) {
    const text = `${frame.label}: ${frame.shares[this.look]} of the attention.`
    return frame.sentence ? `${text} ${frame.sentence}` : text
  }

  focus(id) {
    const frame = this.data.frames.find((frame) => frame.id === id)
    this.focused = frame?.id
    this.root.classList.toggle("focused", Boolean(frame))
    for (const [other, line] of this.rays) line.classList.toggle("active", other === this.focused)
    for (const [other, item] of this.frames) item.firstChild.classList.toggle("active", other === this.focused)
    const text = frame ? this.inWords(frame) : this.data.looks[this.look].sentence
    if (this.detail.textContent !== text) this.detail.textContent = text
  }

  rove(button) {
    for (const other of this.list.querySelectorAll("button")) other.tabIndex = other === button ? 0 : -1
  }

  move(event) {
    const buttons = [...this.list.querySelectorAll("button")]
    const at = buttons.indexOf(event.target)
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 }[event.key]
    if (at < 0 || to === undefined) return
    event.preventDefault()
    buttons[Math.min(Math.max(to, 0), buttons.length - 1)].focus()
  }

  // ---- head by head

  start() {
    this.play.textContent = "■ Stop"
    this.player = setInterval(() => {
      const next = (this.look + 1) % this.data.looks.length
      this.choose(next)
      if (next === 0) this.stop()
    }, HEAD_MS)
    this.choose((this.look + 1) % this.data.looks.length)
  }

  stop() {
    clearInterval(this.player)
    this.player = null
    this.play.textContent = "▶ Head by head"
  }

  // ---- step by step: the server makes the next step only when this one was seen

  goOn() {
    const { playing } = this.data
    if (playing?.step === this.told?.step && this.told) return
    this.pause()
    if (!playing) return
    const tell = () => {
      this.tell("shown", playing.step)
      this.told.timer = setTimeout(tell, AGAIN_MS)
    }
    this.told = { step: playing.step, timer: setTimeout(tell, playing.milliseconds) }
  }

  pause() {
    clearTimeout(this.told?.timer)
    this.told = null
  }

  // ---- drawing

  places() {
    return new Map([...this.frames].map(([id, item]) => [id, item.getBoundingClientRect().left]))
  }

  glide(before) {
    const after = this.places()
    for (const [id, item] of this.frames) {
      const distance = before.get(id) - after.get(id)
      const timing = { duration: MORPH_MS, easing: "ease-out" }
      if (distance) item.animate([{ transform: `translateX(${distance}px)` }, { transform: "none" }], timing)
    }
  }

  // the candidate that was becomes the newest frame
  fly(ghost, from, item) {
    const frame = item.querySelector(".poster")
    const to = frame.getBoundingClientRect()
    const home = this.root.getBoundingClientRect()
    ghost.classList.add("ghost")
    ghost.style.width = `${from.width}px`
    const at = (place) => `translate(${place.left - home.left}px, ${place.top - home.top}px) scale(${place.width / from.width})`
    this.root.append(ghost)
    const timing = { duration: MORPH_MS, easing: "ease-in-out" }
    ghost.animate([{ transform: at(from) }, { transform: at(to) }], timing).onfinish = () => ghost.remove()
    frame.animate([{ opacity: 0 }, { opacity: 0, offset: 0.9 }, { opacity: 1 }], timing)
  }

  animate(smoothly) {
    cancelAnimationFrame(this.request)
    const targets = new Map(this.data.frames.map((frame) => [frame.id, frame.weights[this.look]]))
    const from = new Map([...targets].map(([id, weight]) => [id, smoothly ? (this.weights.get(id) ?? 0) : weight]))
    const start = performance.now()
    const step = (now) => {
      const t = smoothly && !still() ? Math.min(1, Math.max(0, (now - start) / MORPH_MS)) : 1
      for (const [id, weight] of targets) this.weights.set(id, from.get(id) + (weight - from.get(id)) * eased(t))
      this.draw()
      if (t < 1) this.request = requestAnimationFrame(step)
    }
    step(start)
  }

  // arcs: side by side at the candidate, where together they are as wide as 100%, and each as wide at its frame
  draw() {
    if (!this.data) return
    const home = this.root.getBoundingClientRect()
    if (!home.width) return
    const candidate = this.candidate.getBoundingClientRect()
    const film = this.film.getBoundingClientRect()
    const top = candidate.bottom - home.top - 2
    const bottom = this.list.getBoundingClientRect().top - home.top
    const first = this.list.firstElementChild.getBoundingClientRect()
    const base = Math.min(candidate.width, 1.2 * first.width) * BASE
    let left = candidate.left - home.left + (candidate.width - base) / 2
    const largest = Math.max(...this.weights.values())
    for (const { id } of this.data.frames) {
      const place = this.frames.get(id).getBoundingClientRect()
      const weight = this.weights.get(id)
      const width = weight * base
      const from = left + width / 2
      // what is scrolled out of sight leaves by the edge
      const middle = place.left + place.width / 2
      const to = Math.min(Math.max(middle, film.left - width), film.right + width) - home.left
      const bend = (bottom - top) * 0.55
      const line = this.rays.get(id)
      line.setAttribute("d", `M${from} ${top}C${from} ${top + bend} ${to} ${bottom - bend} ${to} ${bottom}`)
      line.setAttribute("stroke-width", Math.max(HAIR, width))
      line.style.setProperty("--dash", `${Math.max(9, width)}px`)
      line.setAttribute("stroke-opacity", 0.4 + (0.6 * weight) / largest)
      left += width
    }
  }

  end() {
    this.stop()
    this.pause()
    cancelAnimationFrame(this.request)
    this.observer.disconnect()
  }
}

function ray(direction, path, width) {
  const line = document.createElementNS(SVG, "path")
  line.setAttribute("class", `ray ${direction}`)
  line.setAttribute("d", path)
  line.setAttribute("stroke-width", width)
  return line
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".strip")
  if (!strips.has(root)) strips.set(root, new Strip(root))
  const strip = strips.get(root)
  strip.update(data, setTriggerValue)
  return () => strip.end()
}
