namespace Caur.Silo.Cli;

/// <summary>Something that a verb orders from the farm, said so that somebody can look what became of it.</summary>
/// <param name="What">As in "ordered: ...".</param>
/// <param name="Look">How to see whether it was done.</param>
/// <param name="Role">The roles that may order it, for people.</param>
internal sealed record Order(string What, string Look, string Role)
{
    /// <summary>Repeated with the same one, nothing is done twice; null when the farm takes none.</summary>
    public Guid? Operation { get; init; }

    /// <summary>How it is named, and how one sees or repeats it.</summary>
    public string Advice => Operation is { } operation
        ? $"{Look} The same command with --operation {operation} orders nothing twice and says how it stands."
        : Look;
}

/// <summary>What a verb has ordered so far; whoever ends it early says so.</summary>
internal sealed class Orders
{
    /// <summary>Sent, and not answered yet.</summary>
    public Order? OnTheWay { get; private set; }

    /// <summary>Taken by the farm; it goes on whatever becomes of the verb.</summary>
    public Order? Taken { get; private set; }

    public void Sent(Order order) => OnTheWay = order;

    /// <summary>The farm took it, or said that it does not.</summary>
    /// <param name="taken">Whether it goes on by itself.</param>
    public void Answered(bool taken)
    {
        if (taken)
        {
            Taken = OnTheWay;
        }

        OnTheWay = null;
    }

    /// <summary>What somebody who ends the verb should know; null when nothing was ordered.</summary>
    public string? OnInterrupt => this switch
    {
        { OnTheWay: { } sent } => $"interrupted while this was ordered: {sent.What}. It may have been carried out. {sent.Advice}",
        { Taken: { } taken } => $"interrupted. This goes on at the farm: {taken.What}. {taken.Look}",
        _ => null,
    };
}
