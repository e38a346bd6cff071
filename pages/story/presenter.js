// Draws the data of presenter.py, and tells it what is pressed. Every key does what one of the buttons does.

const ICONS = {
  leave: "M6 6l12 12M18 6L6 18",
  edit: "M4 20h4L19 9l-4-4L4 16v4",
  lab: "M9 3h6M10 3v6L4.5 18.5A1.7 1.7 0 0 0 6 21h12a1.7 1.7 0 0 0 1.5-2.5L14 9V3M7.5 15h9",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
}

function create(tag, className, text) {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text) element.textContent = text
  return element
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
  path.setAttribute("d", ICONS[name])
  svg.append(path)
  return svg
}

function button(className, label, name, onClick, { after = false, title = label } = {}) {
  const element = create("button", className)
  element.type = "button"
  element.title = title
  if (title !== label) element.setAttribute("aria-label", title)
  const text = create("span", "label", label)
  element.append(...(after ? [text, icon(name)] : [icon(name), text]))
  element.onclick = onClick
  return element
}

// keys that a keyboard, a clicker or a remote control sends
const STEPS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }

function isTyping(event) {
  const target = event.composedPath()[0]
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}

function build(bar, presenter) {
  const dots = create("ol", "dots")
  dots.append(
    ...presenter.data.steps.map((label, index) => {
      const dot = create("button", "dot", String(index + 1))
      dot.type = "button"
      dot.title = label
      dot.setAttribute("aria-label", `Step ${index + 1} of ${presenter.data.steps.length}: ${label}`)
      dot.onclick = () => presenter.go(index)
      const item = create("li")
      item.append(dot)
      return item
    }),
  )
  const left = create("div", "group")
  left.append(
    button("quiet", "Leave", "leave", () => presenter.act({ to: "leave" })),
    button("quiet", "Edit", "edit", () => presenter.act({ to: "edit" }), { title: "Edit this story" }),
    button("quiet lab", presenter.data.lab, "lab", () => presenter.act({ to: "lab" })),
  )
  const right = create("div", "group")
  right.append(
    button("back", "Back", "back", () => presenter.go(presenter.index - 1)),
    button("next", "Next", "next", () => presenter.go(presenter.index + 1), { after: true }),
  )
  bar.replaceChildren(left, dots, right)
}

function mark(bar, heard, presenter) {
  const { index, data } = presenter
  bar.querySelectorAll(".dot").forEach((dot, place) => {
    if (place === index) dot.setAttribute("aria-current", "step")
    else dot.removeAttribute("aria-current")
  })
  bar.querySelector(".back").disabled = index === 0
  bar.querySelector(".next").disabled = index === data.steps.length
  const lab = bar.querySelector(".lab")
  lab.title = data.lab
  lab.querySelector(".label").textContent = data.lab
  const ended = index === data.steps.length
  heard.textContent = ended ? data.after : `Step ${index + 1} of ${data.steps.length}: ${data.steps[index]}`
}

const presenters = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const bar = parentElement.querySelector(".bar")
  const heard = parentElement.querySelector(".heard")
  const presenter = presenters.get(bar) ?? {}
  const rebuilt = JSON.stringify(presenter.data?.steps) !== JSON.stringify(data.steps)
  presenters.set(bar, presenter)
  presenter.data = data
  presenter.act = (act) => setTriggerValue("act", act)
  // the server answers a moment later; who presses twice at once means two steps
  presenter.index = data.index
  presenter.go = (index) => {
    if (index < 0 || index > data.steps.length || index === presenter.index) return
    presenter.index = index
    mark(bar, heard, presenter)
    presenter.act({ go: index })
  }
  if (rebuilt) build(bar, presenter)
  mark(bar, heard, presenter)

  // the same function each time, so that it is there once
  presenter.onKey ??= (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || isTyping(event)) return
    if (event.key in STEPS) presenter.go(presenter.index + STEPS[event.key])
    else if (event.key === "Home") presenter.go(0)
    else if (event.key === "End") presenter.go(presenter.data.steps.length - 1)
    else if (event.key === "Escape") presenter.act({ to: "leave" })
    else return
    event.preventDefault()
  }
  document.addEventListener("keydown", presenter.onKey)
  return () => document.removeEventListener("keydown", presenter.onKey)
}
