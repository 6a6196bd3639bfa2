using Caur.Builder.Engines;
using Caur.Builder.Images;
using Caur.Builder.Workspaces;

namespace Caur.Builder.Agents;

/// <summary>Whether this builder can run builds at all. When an image is missing, the container engine is away or the disk is full, every order would
/// fail the same way: the builder says so, takes none, and looks now and then whether that is over.</summary>
internal sealed class BuilderFitness(EngineClient engine, ImageStore images, BuilderOptions options, TimeProvider time)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    /// <summary>For what cannot be looked at: long enough that few builds are tried for nothing.</summary>
    private static readonly TimeSpan UnseenPause = TimeSpan.FromSeconds(30);

    /// <summary>So many builds that were handed back are known at most.</summary>
    private const int MostKnown = 1_000;

    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private readonly HashSet<string> _handedBack = new(StringComparer.Ordinal);
    private string _problem = "";
    private string? _image;
    private bool _isUnseen;
    private int _losses;
    private TimeSpan _nextLook;
    private TimeSpan _nextPull;
    private TimeSpan _pause;

    /// <summary>Since the start: a clock that is set changes no pause.</summary>
    private TimeSpan Now => time.GetElapsedTime(_start);

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

    /// <summary>An attempt could not begin, through no fault of its own. One that comes again after a look found nothing wrong is not
    /// looked for at once: what looks cannot see what is wrong.</summary>
    /// <param name="problem">Why.</param>
    /// <param name="image">The image that is missing, if that is why.</param>
    /// <param name="build">The build's id.</param>
    /// <returns>True when the build may be handed back as if it had never been here; false when it was once already, and would be for
    /// ever if that did not count.</returns>
    public bool Lost(string problem, string? image, string build)
    {
        lock (_gate)
        {
            if (_problem.Length == 0)
            {
                var again = _pause > TimeSpan.Zero;
                var now = Now;
                _pause = again ? Longer(_pause) : options.TakeEvery;
                _nextPull = now + _pause;
                _nextLook = again ? _nextPull : now;
            }

            return Note(problem, image, build);
        }
    }

    /// <summary>A build failed through what shows only when one runs, as the engine's full disk. Nothing that could be looked at says when that is
    /// over: the next build is tried after a pause, which grows until one ends otherwise.</summary>
    /// <param name="problem">Why.</param>
    /// <param name="build">The build's id.</param>
    /// <returns>As of <see cref="Lost"/>.</returns>
    public bool LostUnseen(string problem, string build)
    {
        lock (_gate)
        {
            // Those that ran beside the first say the same.
            if (_problem.Length == 0 || !_isUnseen)
            {
                _pause = _isUnseen && _pause > TimeSpan.Zero ? Longer(_pause) : UnseenPause;
                _nextLook = _nextPull = Now + _pause;
                _isUnseen = true;
            }

            return Note(problem, null, build);
        }
    }

    private bool Note(string problem, string? image, string build)
    {
        (_problem, _image) = (problem, image);
        _losses++;
        if (_handedBack.Count == MostKnown)
        {
            _handedBack.Clear();
        }

        return _handedBack.Add(build);
    }

    /// <summary>An attempt began: builds do run here, as far as that shows then.</summary>
    public void Began()
    {
        lock (_gate)
        {
            if (!_isUnseen)
            {
                _pause = TimeSpan.Zero;
            }
        }
    }

    /// <summary>A build ended as its package would have it.</summary>
    public void Ended()
    {
        lock (_gate)
        {
            (_isUnseen, _pause) = (false, TimeSpan.Zero);
        }
    }

    /// <summary>The control plane is another one, or began anew: the image that was missing may not be wanted any more. The next order
    /// names one.</summary>
    public void ForgetImage()
    {
        lock (_gate)
        {
            if (_image is not null)
            {
                (_problem, _image) = ("", null);
                if (!_isUnseen)
                {
                    _pause = TimeSpan.Zero;
                }

                _handedBack.Clear();
            }
        }
    }

    /// <summary>Looks whether builds can run again.</summary>
    /// <returns>True when they can.</returns>
    public async Task<bool> CheckAsync(CancellationToken cancellationToken)
    {
        string? image;
        int losses;
        lock (_gate)
        {
            if (Now < _nextLook)
            {
                return false;
            }

            (image, losses) = (_image, _losses);
        }

        if (WorkspaceDisk.Problem(options.Workspace) is not null)
        {
            return false;
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
            // What came while this looked was not looked for.
            if (_losses != losses)
            {
                return false;
            }

            (_problem, _image) = ("", null);
        }

        return true;
    }

    /// <summary>A registry is not asked as often as the engine is.</summary>
    private async Task<bool> PullAsync(string image, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (Now < _nextPull)
            {
                return false;
            }

            _pause = Longer(_pause);
        }

        var pulled = (await images.EnsureAsync(image, cancellationToken)).IsReady;
        lock (_gate)
        {
            _nextPull = Now + _pause;
        }

        return pulled;
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;
}
