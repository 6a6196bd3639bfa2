namespace Caur.Silo.Cli;

/// <summary>Questions that somebody answers with yes or no.</summary>
internal static class Questions
{
    /// <summary>Asks on the terminal; anything but yes is no.</summary>
    /// <exception cref="FarmException">There is nobody to ask.</exception>
    public static async Task<bool> AskAsync(CliContext context, string question, CancellationToken cancellationToken)
    {
        if (!context.CanAsk)
        {
            throw new FarmException(ExitCodes.Usage, "this asks first, and there is no terminal to ask on: --yes answers it");
        }

        context.Error.Write($"{question} [y/N] ");

        // A terminal cannot be read with an end in sight: Ctrl-C is then the reading's, not ours.
        var answer = await Task.Run(() => context.OpenInput().ReadLine(), cancellationToken).WaitAsync(cancellationToken);
        return answer?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
