namespace Caur.Silo.Settings;

/// <summary>One environment variable and what becomes of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ReadBy">Who acts on it; <see cref="Readers.None"/> when nobody does.</param>
/// <param name="Meaning">What it does; for one that nobody acts on, why not and what to set instead.</param>
internal sealed record FarmVariable(string Name, Readers ReadBy, string Meaning)
{
    /// <summary>Who would have acted on it in the manual's system; these say so when it is set.</summary>
    public Readers MeantFor { get; init; } = ReadBy;

    /// <summary>What somebody says who does not act on it, where the manual sets it for them and others do act on it.</summary>
    public string? Elsewhere { get; init; }

    /// <summary>The line for somebody who set it and for whom it does nothing; null when it does what it should.</summary>
    public string? NoteFor(Readers who) =>
        ReadBy.HasFlag(who) || !MeantFor.HasFlag(who) ? null : $"{Name} is not used: {Elsewhere ?? Meaning}";
}

/// <summary>Who reads an environment variable.</summary>
[Flags]
internal enum Readers
{
    None = 0,

    /// <summary>The verbs that speak to a hub.</summary>
    Verbs = 1,

    /// <summary><c>caur database</c>, with the builder in its process.</summary>
    Hub = 2,

    /// <summary><c>caur builder</c>, which builds on another machine.</summary>
    Builder = 4,

    /// <summary><c>caur web</c>, which stands in front of a hub.</summary>
    Web = 8,
}
