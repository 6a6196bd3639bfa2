namespace Caur.Silo.Settings;

/// <summary>One environment variable and what becomes of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ReadBy">Who acts on it; <see cref="Readers.None"/> when nobody does.</param>
/// <param name="Meaning">What it does; for one that nobody acts on, why not and what to set instead.</param>
internal sealed record FarmVariable(string Name, Readers ReadBy, string Meaning)
{
    /// <summary>Who would have acted on it in the manual's system; these say so when it is set.</summary>
    public Readers MeantFor { get; init; } = ReadBy;

    /// <summary>What whoever does not act on it says where the manual sets it for them too; null: nothing.</summary>
    public string? Elsewhere { get; init; }

    /// <summary>Its value is shown to nobody.</summary>
    public bool IsSecret { get; init; }

    /// <summary>The line for somebody who set it and for whom it does nothing; null when it does what it should.</summary>
    public string? NoteFor(Readers who) =>
        ReadBy.HasFlag(who) || !MeantFor.HasFlag(who) ? null : $"{Name} is not used: {(ReadBy == Readers.None ? Meaning : Elsewhere ?? Meaning)}";
}

/// <summary>Who reads an environment variable.</summary>
[Flags]
internal enum Readers
{
    None = 0,

    /// <summary>The verbs that speak to a hub.</summary>
    Verbs = 1,

    /// <summary><c>caur database</c>.</summary>
    Hub = 2,

    /// <summary>The builder that runs in the hub's process.</summary>
    Builder = 4,
}
