import Fieldline

/// A value of the core as JSON, under the core's names.
///
/// By reflection and not by a list of fields: what the bindings gained or lost shows in the scenarios without a change here.
func shape(_ value: Any) -> Json {
    switch value {
    case let text as String: return .text(text)
    case let truth as Bool: return .truth(truth)
    case let number as Int64: return .number(number)
    case let fraction as Double: return .fraction(fraction)
    case let number as UInt32: return .number(Int64(number))
    case let number as UInt64: return .number(Int64(number))
    default: break
    }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional: return mirror.children.first.map { shape($0.value) } ?? .null
    case .collection: return .list(mirror.children.map { shape($0.value) })
    case .enum: return form(value, mirror)
    default: return .object(fields(of: mirror))
    }
}

/// An error by its code, with its fields.
func shape(of error: FieldlineError) -> Json {
    let mirror = Mirror(reflecting: error)
    return .object(["code": .text(snake(name(of: error, mirror))), "details": .object(payload(of: mirror))])
}

/// A case by its name; in a type that carries data somewhere, an object with the name as its kind.
private func form(_ value: Any, _ mirror: Mirror) -> Json {
    let word = Json.text(snake(name(of: value, mirror)))
    // Swift does not tell whether another case would carry data. Of what a runner writes, `Body` alone mixes both.
    if mirror.children.isEmpty && !(value is Body) { return word }
    return .object(payload(of: mirror).merging(["kind": word]) { _, kind in kind })
}

private func name(of value: Any, _ mirror: Mirror) -> String {
    mirror.children.first?.label ?? "\(value)"
}

/// What a case carries, by the labels it has there.
private func payload(of mirror: Mirror) -> [String: Json] {
    mirror.children.first.map { fields(of: Mirror(reflecting: $0.value)) } ?? [:]
}

private func fields(of mirror: Mirror) -> [String: Json] {
    var fields: [String: Json] = [:]
    for child in mirror.children {
        if let label = child.label { fields[snake(label)] = shape(child.value) }
    }
    return fields
}

/// `SignInAgain` and `lastN` as `sign_in_again` and `last_n`.
func snake(_ name: String) -> String {
    var words = ""
    var afterSmall = false
    for letter in name {
        if letter.isUppercase && afterSmall { words.append("_") }
        words.append(letter.lowercased())
        afterSmall = letter.isLowercase || letter.isNumber
    }
    return words
}
