using Caur.Builder.Engines;
using Caur.Builder.Images;

namespace Caur.Builder.Agents;

/// <summary>Whether this builder can run builds at all. When an image is missing or the container engine is away, every order would fail
/// the same way: the builder says so, takes none, and looks now and then whether that is over.</summary>
internal sealed class BuilderFitness(EngineClient engine, ImageStore images, BuilderOptions options, TimeProvider time)
{
    private static readonly TimeSpan MostBetweenPulls = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private string _problem = "";
    private string? _image;
    private DateTimeOffset _nextPull;
    private TimeSpan _pause;

    /// <summary>Why no build can run here, for people; empty when builds can.</summary>
    public string Problem
    {
        get
        {
            lock (_gate)
            {
                return _problem;
            }
        }
    }

    /// <summary>An attempt could not begin, through no fault of its own.</summary>
    /// <param name="problem">Why.</param>
    /// <param name="image">The image that is missing, if that is why.</param>
    public void Lost(string problem, string? image)
    {
        lock (_gate)
        {
            if (_problem.Length == 0)
            {
                _pause = options.TakeEvery;
                _nextPull = time.GetUtcNow() + _pause;
            }

            (_problem, _image) = (problem, image);
        }
    }

    /// <summary>Looks whether builds can run again.</summary>
    /// <returns>True when they can.</returns>
    public async Task<bool> CheckAsync(CancellationToken cancellationToken)
    {
        string? image;
        lock (_gate)
        {
            image = _image;
        }

        try
        {
            await engine.VersionAsync(cancellationToken);
            if (image is not null && await engine.InspectImageAsync(image, cancellationToken) is null && !await PullAsync(image, cancellationToken))
            {
                return false;
            }
        }
        catch (EngineException)
        {
            return false;
        }

        lock (_gate)
        {
            (_problem, _image) = ("", null);
        }

        return true;
    }

    /// <summary>A registry is not asked as often as the engine is.</summary>
    private async Task<bool> PullAsync(string image, CancellationToken cancellationToken)
    {
        if (time.GetUtcNow() < _nextPull)
        {
            return false;
        }

        _pause = _pause * 2 < MostBetweenPulls ? _pause * 2 : MostBetweenPulls;
        var pulled = (await images.EnsureAsync(image, cancellationToken)).IsReady;
        _nextPull = time.GetUtcNow() + _pause;
        return pulled;
    }
}
