namespace Caur.Pipelines.Forges;

/// <summary>Making a request so that there is one in the end, and not two.</summary>
internal static class ForgeCreation
{
    private const int Tries = 2;

    /// <summary>Makes it; where it may be there already, because the forge says so or no answer came, looks.</summary>
    public static async Task<ForgeRequest> RunAsync(IForge forge, RequestText text, Func<Task<ForgeRequest>> create, CancellationToken cancellationToken)
    {
        for (var tried = 1; ; tried++)
        {
            try
            {
                return await create();
            }
            catch (ForgeException failure) when (failure.Problem is ForgeProblem.Conflict or ForgeProblem.Unavailable or ForgeProblem.Refused)
            {
                if (await forge.FindAsync(text.Branch, cancellationToken) is { State: RequestState.Open } there)
                {
                    await forge.UpdateAsync(there, text, cancellationToken);
                    return there;
                }

                if (failure.Problem != ForgeProblem.Unavailable || tried == Tries)
                {
                    throw;
                }
            }
        }
    }

    /// <summary>Does what is good to have and not needed.</summary>
    public static async Task TryAsync(Func<Task> extra)
    {
        try
        {
            await extra();
        }
        catch (ForgeException)
        {
            // What it belongs to is done.
        }
    }
}
